#!/usr/bin/env python3
"""Copies what the tests need of a full set of fixtures into this folder, which stays under 8 MiB.

    python3 copy.py FULL_SET

Weights and configurations are copied byte for byte. Of the recorded inputs and outputs (io.safetensors) some tensors
and some fixtures are left out; README.md says which and why. Needs the standard library only.
"""

import json
import pathlib
import shutil
import sys

LIMIT = 8 << 20
HERE = pathlib.Path(__file__).resolve().parent
LEFT_OUT = {"deepseek_v3_model", "deepseek_v3_shared2", "qwen3_moe_no_norm"}
BFLOAT16_FIXTURES = {"deepseek_v3_model_yarn", "qwen3_moe_bf16", "qwen3_moe_model_sharded"}


def is_kept(fixture, tensor):
    parts = tensor.split(".")
    if parts[-1].endswith("_f64"):
        return False
    if "bf16" in parts:
        return fixture in BFLOAT16_FIXTURES
    # Smaller cases are as many kinds of work.
    if parts[0] == "t256":
        return False
    # It is deepseek_v3 with one group, and has smaller cases.
    if fixture == "glm4_moe" and parts[0] == "t64":
        return False
    # What lies between a model's layers: whoever looks for a mistake takes the full set.
    if parts[0] in ("hidden_states", "layers", "generation_logits"):
        return False
    # The gate's and the down projection's blocks are partial in different directions; the up projection's are the gate's.
    return not (parts[0] == "dequantised" and "up_proj" in parts)


def copy_tensors(source, target, keep):
    raw = source.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    header, data = {}, bytearray()
    for name, entry in json.loads(raw[8:start]).items():
        if name == "__metadata__" or not keep(name):
            continue
        begin, end = entry["data_offsets"]
        header[name] = {**entry, "data_offsets": [len(data), len(data) + end - begin]}
        data += raw[start + begin:start + end]
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    target.write_bytes(len(text).to_bytes(8, "little") + text + data)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    total = 0
    for folder in sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir()):
        if folder.name in LEFT_OUT:
            continue
        target = HERE / folder.name
        if target.exists():
            shutil.rmtree(target)
        target.mkdir()
        for file in sorted(folder.iterdir()):
            if file.name == "io.safetensors":
                copy_tensors(file, target / file.name, lambda tensor: is_kept(folder.name, tensor))
            else:
                shutil.copyfile(file, target / file.name)
        total += sum(file.stat().st_size for file in target.iterdir())
    print(f"{total} bytes of {LIMIT}")
    if total > LIMIT:
        sys.exit("too much: leave more out")


main()
