from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from test.conftest import SHARED_DATA
from test.models.parts import SITUATION, TOKENIZER, make_answers, make_model, reduced_8b, tiny_config
from wam_ros.core.errors import InputError
from wam_ros.models import build_prompt
from wam_ros.models.config import TilesConfig
from wam_ros.models.tiling import choose_canvas, cut, lay_out, merge

PAPER = TilesConfig()


def gradient_image(height: int, width: int) -> Tensor:
    """Red rises to the right, green downwards, blue is 200."""
    image = torch.full((height, width, 3), 200, dtype=torch.uint8)
    image[..., 0] = torch.linspace(10.0, 250.0, width).round().to(torch.uint8)
    image[..., 1] = torch.linspace(10.0, 250.0, height).round().to(torch.uint8)[:, None]
    return image


@pytest.mark.parametrize(
    ("size", "crops", "tokens"),
    [((1920, 1080), 16, 2185), ((1600, 900), 16, 2185), ((1280, 720), 9, 2157), ((640, 480), 5, 2169)],
)
def test_visual_tokens_of_the_published_sizes(size: tuple[int, int], crops: int, tokens: int) -> None:
    layout = lay_out(size[1], size[0], PAPER)
    assert (layout.crops, layout.tokens) == (crops, tokens)


def test_a_canvas_keeps_most_pixels_then_wastes_least() -> None:
    assert choose_canvas(1080, 1920, PAPER) == (3, 5)
    assert choose_canvas(384, 384, PAPER) == (1, 1)
    assert choose_canvas(1920, 1080, PAPER) == (5, 3)


def test_tiles_show_the_whole_image_in_the_middle_of_a_black_canvas() -> None:
    image = gradient_image(1080, 1920)
    layout = lay_out(1080, 1920, PAPER)
    crops = cut(image, layout, PAPER)
    assert crops.shape == (16, 3, 384, 384)
    canvas = crops[1:].view(3, 5, 3, 384, 384).permute(2, 0, 3, 1, 4).reshape(3, 3 * 384, 5 * 384)
    assert not canvas[:, :36].any()
    assert not canvas[:, -36:].any()
    # 1920 px fit the canvas exactly, so pixels are not resampled at all.
    assert torch.equal(canvas[:, 36:-36], image.permute(2, 0, 1).float())
    # The overview is squeezed, so its ends are the image's ends.
    assert crops[0, 0, 100, [0, -1]].tolist() == pytest.approx([10.0, 250.0], abs=1.0)
    assert crops[0, 1, [0, -1], 100].tolist() == pytest.approx([10.0, 250.0], abs=1.0)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (640, 480), (333, 777), (50, 20)])
def test_an_image_that_must_be_resampled_keeps_its_shape(width: int, height: int) -> None:
    layout = lay_out(height, width, PAPER)
    crops = cut(gradient_image(height, width), layout, PAPER)
    rows, columns = layout.rows, layout.columns
    canvas = crops[1:].view(rows, columns, 3, 384, 384).permute(2, 0, 3, 1, 4).reshape(3, rows * 384, columns * 384)
    lit = canvas[2] > 100.0
    tall, wide = int(lit.any(1).sum()), int(lit.any(0).sum())
    assert wide == columns * 384 or tall == rows * 384
    assert wide / tall == pytest.approx(width / height, rel=0.02)


def test_merging_puts_every_patch_at_its_place_and_ends_rows_with_newlines() -> None:
    config = TilesConfig(tile=56, max_crops_kept=100, width=2, heads=1, layers=1, ffn_width=2)
    layout = lay_out(56, 112, config)  # one row of two tiles, nothing unpadded, nothing resized
    features = torch.arange(3 * 16, dtype=torch.float32).view(3, 16, 1).expand(3, 16, 2)
    newline = torch.tensor([-1.0, -1.0])
    tokens = merge(features, newline, layout)[:, 0].tolist()
    assert tokens[:16] == list(range(16))
    rows = [tokens[16 + 9 * row : 16 + 9 * (row + 1)] for row in range(4)]
    assert rows[0] == [16, 17, 18, 19, 32, 33, 34, 35, -1]
    assert rows[3] == [28, 29, 30, 31, 44, 45, 46, 47, -1]
    assert len(tokens) == layout.tokens


def test_merging_cuts_off_the_black_borders() -> None:
    layout = lay_out(1080, 1920, PAPER)
    features = torch.zeros(16, 729, 1)
    marked = features[1:].view(3, 5, 27, 27)
    marked[0, :, :3] = marked[2, :, -3:] = 1e6  # three rows of patches above and below the image
    tokens = merge(features, torch.zeros(1), layout)
    assert tokens.shape == (2185, 1)
    assert not tokens.any()


@pytest.mark.parametrize("height", [180, 56])
def test_the_tiled_network_sees_as_many_tokens_as_it_lays_out(height: int) -> None:
    model = make_model(reduced_8b())
    images = torch.stack([gradient_image(height, 320), gradient_image(height, 320).flip(1)])
    with torch.no_grad():
        visual = model.see(images)
        assert visual.shape == (2, model.vision.visual_tokens(height, 320), 32)
        torch.testing.assert_close(visual[1], model.see(images[1:])[0], atol=1e-4, rtol=0.0)
    assert (visual[0] - visual[1]).abs().max() > 1e-2


def test_the_reduced_paper_network_answers_its_literal_prompt() -> None:
    config = reduced_8b()
    model = make_model(config)
    with torch.no_grad():
        visual = model.see(gradient_image(108, 192)[None])[0]
    prompt = build_prompt(SITUATION, TOKENIZER, config, len(visual)).tokens
    rows = model.prefill(prompt, visual).hidden(make_answers(1))
    assert model.logits(rows).shape == (1, 32, config.vocabulary_size)
    assert rows.isfinite().all()


def test_real_frames_give_the_papers_number_of_tokens() -> None:
    frames = sorted((SHARED_DATA / "nuplan_front").glob("*.jpg"))
    if not frames:
        pytest.skip("the 1920x1080 frames are not at hand")
    cv2 = pytest.importorskip("cv2")
    config = replace(reduced_8b(), vision=TilesConfig(width=16, layers=1, heads=2, ffn_width=16), max_positions=4096)
    model = make_model(config)
    for path in frames:
        image = torch.from_numpy(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB))
        with torch.no_grad():
            assert model.see(image[None]).shape == (1, 2185, 32)


def test_the_stem_sees_one_size_in_a_grid_of_tokens() -> None:
    model = make_model(tiny_config())
    images = torch.stack([gradient_image(72, 128), gradient_image(72, 128).flip(0)])
    with torch.no_grad():
        visual = model.see(images)
        assert visual.shape == (2, 12, 32)
        torch.testing.assert_close(visual[:1], model.see(images[:1]), atol=1e-4, rtol=0.0)
        assert [tuple(level.shape[1:3]) for level in model.vision.features(images)] == [  # type: ignore[operator]
            (36, 64),
            (18, 32),
            (9, 16),
            (5, 8),
            (3, 4),
        ]
    with pytest.raises(InputError, match="image is 64x64, these weights see 128x72"):
        model.see(gradient_image(64, 64)[None])
    with pytest.raises(InputError, match="cannot be tiled"):
        lay_out(0, 10, PAPER)
