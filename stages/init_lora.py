"""Stage `init_lora`: the base model's shapes and a seed, or what the round before merged -> models/lora_init."""

from pathlib import Path

from housebrain.errors import reported
from housebrain.merging.start import start_of, write_next_init
from housebrain.model.base import ensure_base
from housebrain.model.lora_init import write_init
from housebrain.params import load_params

OUT = Path("models/lora_init")


def main() -> None:
    params = load_params()
    name, folder = params.base_model().hub_id or params.base, ensure_base(params)
    start = start_of(params)
    if start is None:
        sha256 = write_init(params.lora, name, folder, OUT)
        print(f"init_lora: r={params.lora.r}, sha256 {sha256[:12]}")
    else:
        sha256, dropped = write_next_init(start, params.lora, name, folder, OUT)
        print(
            f"init_lora: round {params.round} starts from round {params.round - 1}: r={params.lora.r} holds all but "
            f"{dropped:.2%} of its merge's energy, sha256 {sha256[:12]}"
        )


if __name__ == "__main__":
    with reported():
        main()
