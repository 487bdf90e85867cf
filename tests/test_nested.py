from housebrain.nested import flatten


def test_values_have_dotted_names_and_lists_stay_whole() -> None:
    values = {"base": "tiny", "lora": {"r": 4, "target": {"modules": ["q", "k"]}, "none": None}, "empty": {}}
    assert flatten(values) == {"base": "tiny", "lora.r": 4, "lora.target.modules": ["q", "k"], "lora.none": None}
