"""Stage `init_lora`: the base model's shapes and a seed -> models/lora_init."""

from pathlib import Path

from housebrain.errors import reported
from housebrain.params import load_params
from housebrain.training.base_model import ensure_base
from housebrain.training.lora_init import write_init


def main() -> None:
    params = load_params()
    base = params.base_model().hub_id or params.base
    sha256 = write_init(params.lora, base, ensure_base(params), Path("models/lora_init"))
    print(f"init_lora: r={params.lora.r}, sha256 {sha256[:12]}")


if __name__ == "__main__":
    with reported():
        main()
