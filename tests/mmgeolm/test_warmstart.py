"""The language model's warm start: told facts and a request in, answer out; the committed one answers."""

from random import Random

import pytest
import torch
from transformers import AutoModelForCausalLM

from configs.load import load_config
from configs.runtime import PROJECT
from configs.warmstart import LanguageConfig
from data.scene.types import Fact
from mmgeolm import warmstart
from mmgeolm.assemble import assemble, load_lm
from mmgeolm.chat import TURN_END, chat_template
from mmgeolm.folder import load_tokenizer
from mmgeolm.loss import IGNORE

SMALL = ["lm.hidden_size=32", "lm.layers=1", "lm.heads=2", "lm.kv_heads=1", "lm.intermediate_size=64"]
SMALL += ["samples=60", "batch_size=8", "trainer.max_steps=3", "trainer.precision=32-true"]
RECIPE = str(PROJECT / "configs/mmgeolm/warmstart.yaml")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a language model trained for three steps by the command."""
    root = tmp_path_factory.mktemp("language")
    where = [f"trainer.run_dir={root / 'run'}", f"lm.tokenizer={root / 'tokenizer'}"]
    warmstart.main([RECIPE, *SMALL, *where])
    return root / "run" / "export"


@pytest.mark.slow
def test_the_command_leaves_a_language_model_that_joins_a_tower(trained, towers):
    cfg = load_config(LanguageConfig, [RECIPE, "lm.tokenizer=null", f"lm.path={trained}"])
    model, processor = assemble(towers["clip"], cfg.lm)
    assert model.config.text_config.hidden_size == 32
    assert processor.image_token_id < model.get_input_embeddings().weight.shape[0]


@pytest.mark.slow
def test_a_chat_carries_loss_on_the_answer_alone(trained):
    cfg = load_config(LanguageConfig, [RECIPE, *SMALL, "lm.tokenizer=null", f"lm.path={trained}"])
    _, tokenizer = load_lm(cfg.lm)
    processor = warmstart.make_processor(tokenizer, "<image>")
    chats = warmstart.Chats(cfg, [warmstart._figure(cfg, index) for index in range(20)], processor)
    for index in range(20):
        ids, labels = chats[index]
        answer = tokenizer.decode(ids[labels != IGNORE])
        user, expected = chats.texts(index, Random(0))
        assert answer.endswith(TURN_END)
        questions = [answer for _, answer in chats.figures[index][1]]
        assert answer.removesuffix(TURN_END) in questions or "boxed" not in answer
        assert user.count("\n") == 1
        assert expected in questions or "boxed" not in expected


def test_facts_are_told_whole_in_any_order():
    facts = [Fact("shape", ("ABC",), "triangle"), Fact("length", ("AB",), 4), Fact("on", ("D", "BC"))]
    found = {warmstart.told(facts, Random(seed)) for seed in range(60)}
    assert len(found) > 12
    for text in found:
        assert "ABC" in text
        assert "4" in text
        assert "D" in text


def test_figures_depend_on_the_seed_and_their_number_alone():
    cfg = load_config(LanguageConfig, [RECIPE, "samples=3"])
    other = load_config(LanguageConfig, [RECIPE, "samples=3", "trainer.seed=1"])
    one, two = (warmstart.draw_chunk((c, 0)) for c in (cfg, other))
    assert one == warmstart.draw_chunk((cfg, 0))
    assert one[2] == warmstart._figure(cfg, 2)
    assert one != two


def test_both_recipes_fill_the_schema():
    first = load_config(LanguageConfig, [RECIPE])
    more = load_config(LanguageConfig, [RECIPE, RECIPE.replace("warmstart", "warmstart_more")])
    assert more.lm.path == f"{first.trainer.run_dir}/export"


TOLD = "right triangle CAB. point D lies on AB. CA ⊥ AB. BD = 3. AD = 4."
ASKED = {
    "How long is BD?": r"\boxed{3}",
    "What kind of figure is ABC?": r"\boxed{right triangle}",
    "Is AB perpendicular to AC?": r"\boxed{yes}",
}


@pytest.mark.parametrize("question", ASKED)
def test_the_committed_language_model_answers_from_what_it_is_told(question):
    folder = PROJECT / "mmgeolm" / "mini"
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), load_tokenizer(folder)
    turn = {"role": "user", "content": [{"type": "text", "text": f"{TOLD}\n{question}"}]}
    ids = tokenizer.apply_chat_template(
        [turn], chat_template=chat_template("<image>"), add_generation_prompt=True, return_tensors="pt"
    )["input_ids"]
    end = tokenizer.convert_tokens_to_ids(TURN_END)
    with torch.inference_mode():
        output = model.generate(ids, max_new_tokens=64, do_sample=False, eos_token_id=end)
    assert ASKED[question] in tokenizer.decode(output[0, ids.shape[1] :])
