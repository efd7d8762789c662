#!/bin/sh
# What made config/weights/small: `demos` records the expert's drives, `weights` trains on them, with rounds in which the
# learner drives and the expert labels. Both go on where they were stopped; both write to $WAM_DATA/small.
# The minutes are of processors that multiply bfloat16 (AVX-512 BF16, AMX); one without does a quarter of the steps in them.
# SHARE=0.01 tries the way: a hundredth of the training, a short drive in each town; the towns are the same.
set -eu
wam=${WAM:-.venv/bin/wam}
home=${WAM_DATA:-$HOME/.cache/wam_ros}/small
held_out="grid_018 random_019"
adapted="--learning-rate 5e-4 --visual-share 0.5 --auxiliary-weight 0.1 --threads 1"
tuned="--learning-rate 7e-4 --visual-share 0.5 --auxiliary-weight 0.3"

share() { awk "BEGIN { print $1 * ${SHARE:-1} }"; }
count() { awk "BEGIN { n = int($1 * ${SHARE:-1}); print n < ${2:-1} ? ${2:-1} : n }"; }

record() { # folder, towns, routes, seed, samples, options
    out=$home/$1; towns=$2; routes=$3; seed=$4; samples=$5; shift 5
    [ "${SHARE:-1}" = 1 ] || samples=0 # of all towns, not of the first ones
    "$wam" demos --towns "$towns" --routes "$(count "$routes" "$towns")" --seed "$seed" --samples "$samples" \
        --time-limit "$(count 200 10)" --out "$out" "$@"
}

train() { # stage, folder, minutes, options
    stage=$1; out=$home/$2; minutes=$3; shift 3
    # shellcheck disable=SC2086 # a list of towns
    "$wam" train --stage "$stage" --held-out $held_out --out "$out" --minutes "$(share "$minutes")" "$@"
}

learner() { # folder, weights, seed, samples, steps, options
    out_of=$1; driver=$2; seed_of=$3; most=$4; steps=$5; shift 5
    record "$out_of" 10 80 "$seed_of" "$most" --driver "$home/$driver/planner" --driver-steps "$steps" --expert-share 0.25 "$@"
}

# shellcheck disable=SC2086 # $tuned and $held_out are lists
case ${1:-} in
demos)
    record d1 20 200 11 17600
    record d4 10 80 67 8000 --halted-share 1
    record d6 10 80 97 9000 --relit-share 0.5 --halted-share 0.3
    record calibration 8 64 101 3200
    ;;
weights)
    train stem stem 16 --data "$home/d1" --batch 32 --learning-rate 1.5e-3 --schedule cosine --auxiliary-weight 0.3
    train planner p1 28 --data "$home/d1" --start-from "$home/stem" --visual-share 0.5 --auxiliary-weight 0.3
    learner d2 p1 23 4700 1
    train planner p2 26 --data "$home/d1" "$home/d2" --start-from "$home/p1" $tuned
    learner d3 p2 41 5000 2
    train planner p3 48 --data "$home/d1" "$home/d2" "$home/d3" "$home/d4" --start-from "$home/p2" $tuned
    learner d5 p3 83 6000 2 --halted-share 1
    train planner p4 28 --data "$home/d1" "$home/d4" "$home/d5" --start-from "$home/p3" $adapted --warmup-steps 200
    sixfold="$home/d6 $home/d6 $home/d6 $home/d6 $home/d6 $home/d6" # relit moments are few: 7 % of the draws then
    train planner p5 16 --data "$home/d1" "$home/d5" $sixfold --start-from "$home/p4" $adapted
    "$wam" calibrate --weights "$home/p5/planner" --data "$home/calibration" --check-data "$home/d1" --check $held_out \
        --towns grid_000 random_001 grid_002 random_003 grid_004 random_005 grid_006 random_007
    echo "weights: $home/p5/planner"
    ;;
*)
    echo "usage: $0 demos|weights" >&2
    exit 2
    ;;
esac
