#!/bin/sh
# What made config/weights/small: `demos` records the expert's drives, `weights` trains on them, with rounds in which the
# learner drives and the expert labels. Both go on where they were stopped; both write to $WAM_DATA/small.
# SHARE=0.01 tries the way: a hundredth of the training, a short drive in each town; the towns are the same.
set -eu
wam=${WAM:-.venv/bin/wam}
home=${WAM_DATA:-$HOME/.cache/wam_ros}/small
held_out="grid_018 random_019"

count() { awk "BEGIN { n = int($1 * ${SHARE:-1}); print n < ${2:-1} ? ${2:-1} : n }"; }

record() { # folder, towns, routes, seed, samples, options
    out=$home/$1; towns=$2; routes=$3; seed=$4; samples=$5; shift 5
    [ "${SHARE:-1}" = 1 ] || samples=0 # of all towns, not of the first ones
    "$wam" demos --towns "$towns" --routes "$(count "$routes" "$towns")" --seed "$seed" --samples "$samples" \
        --time-limit "$(count 200 10)" --out "$out" "$@"
}

train() { # stage, folder, steps, options; each of two processes takes half of every batch
    stage=$1; out=$home/$2; steps=$(count "$3"); shift 3
    # shellcheck disable=SC2086 # a list of towns
    "$wam" train --stage "$stage" --held-out $held_out --out "$out" --steps "$steps" --processes 2 --threads 1 "$@"
}

learner() { # folder, weights, seed, samples, options
    out_of=$1; driver=$2; seed_of=$3; most=$4; shift 4
    record "$out_of" 10 80 "$seed_of" "$most" --driver "$home/$driver/planner" --driver-steps 2 --expert-share 0.25 \
        --relit-share 1 "$@"
}

case ${1:-} in
demos)
    record d1 20 200 11 20500 --relit-share 1
    record d4 10 80 67 6000 --relit-share 1 --halted-share 1
    record calibration 8 64 101 3200
    ;;
weights)
    stem="--batch 32 --learning-rate 1.5e-3 --schedule cosine"
    planner="--visual-share 0.5 --auxiliary-weight"
    # shellcheck disable=SC2086 # lists of options
    {
        train stem stem 1300 --data "$home/d1" $stem --auxiliary-weight 0.3
        train planner p1 1900 --data "$home/d1" --start-from "$home/stem" $planner 0.3
        learner d2 p1 23 3000
        train stem stem2 2800 --data "$home/d1" "$home/d2" "$home/d4" --start-from "$home/stem" $stem --auxiliary-weight 0.6
        train planner p2 3200 --data "$home/d1" "$home/d2" "$home/d4" --start-from "$home/stem2" $planner 0.3
        learner d3 p2 83 4000 --halted-share 0.5
        set -- "$home/d1" "$home/d2" "$home/d3" "$home/d4"
        train planner p3 4500 --data "$@" --start-from "$home/p2" --learning-rate 7e-4 $planner 0.2
        # To the end with all visual tokens.
        train planner p4 450 --data "$@" --start-from "$home/p3" --learning-rate 4e-4 --warmup-steps 50 --auxiliary-weight 0.2
        "$wam" calibrate --weights "$home/p4/planner" --data "$home/calibration" --check-data "$home/d1" --check $held_out \
            --towns grid_000 random_001 grid_002 random_003 grid_004 random_005 grid_006 random_007
    }
    echo "weights: $home/p4/planner"
    ;;
*)
    echo "usage: $0 demos|weights" >&2
    exit 2
    ;;
esac
