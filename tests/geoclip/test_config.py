import pytest

from configs.geoclip import GeoclipConfig, RetrievalConfig
from configs.load import load_config
from configs.objective import part_at

OBJECTIVES = ("in_batch", "mmclip", "joint", "hybrid")
REST = ["train.shards=[data]"]
IB = "{{until_step: {}, objective: {{in_batch: 1.0}}}}"
SMALL = [*REST, "trainer.run_dir=run", "optim.lr=1e-3", "train.batch_size=4"]


def config(project, *names):
    return [str(project / "configs" / "geoclip" / f"{name}.yaml") for name in names]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_paper_encoder_loads_with_every_objective(project, objective):
    cfg = load_config(GeoclipConfig, [*config(project, "altclip", objective), *REST])
    assert cfg.objective.active()
    assert not cfg.objective.sigmoid


def test_the_reference_scripts_and_timm_load_as_they_are(project):
    siglip, timm = (
        load_config(GeoclipConfig, [*config(project, name), *REST]) for name in ("siglip", "timm")
    )
    assert siglip.objective.sigmoid
    assert siglip.train.batch_size == 5
    assert timm.encoder.timm.vision.startswith("vit_large_patch14_clip")


def test_the_papers_in_batch_arm_brings_no_hard_negatives(project):
    cfg = load_config(GeoclipConfig, [*config(project, "altclip", "in_batch"), *REST])
    assert cfg.objective.active() == {"in_batch": 1.0}
    assert (cfg.negatives.rule, cfg.negatives.retrieval, cfg.negatives.image) == (0, 0, 0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["objective.in_bach=1.0"], "did you mean in_batch"),
        (
            ["objective.text=1.0", "negatives.rule=0", "negatives.retrieval=0"],
            "objective.text needs negatives",
        ),
        (["objective.image=1.0", "negatives.image=0"], "objective.image needs negatives"),
        (["objective.in_batch=1.0", "trainer.accumulate_grad_batches=2"], "encoder.recompute_rows"),
        (["objective.in_batch=1.0", "trainer.precision=bf16-true"], "use bf16-mixed"),
        (["objective.in_batch=1.0", "negatives.rule=-1"], "null for all, or at least 0"),
        (["objective.in_batch=1.0", "negatives.choose=best"], "use one of first, random"),
        (["objective.text=1.0", "negatives.choose=hardest"], "has nothing to choose"),
        (["objective.text=1.0", "negatives.choose=simans", "negatives.retrieval=2"], "simans needs a peak"),
        (["objective.text=1.0", "negatives.peak=0.5"], "simans needs a peak"),
        (["objective.text=1.0", "stages=[{objective: {in_batch: 1}}]"], r"stages\[0\] has no end"),
        (["objective.text=1.0", f"stages=[{IB.format(4)}, {IB.format(4)}]"], "ends must rise"),
        (["objective.text=1.0", f"stages=[{IB.format(9)}]", "trainer.max_steps=9"], "never be minimised"),
        (["objective.text=1.0", "stages=[{until_epoch: 1, objective: {text: 1}}]"], "the run ends after 1"),
        (["objective.sigmoid_text=1.0", f"stages=[{IB.format(4)}]"], "mix sigmoid and softmax"),
        (["objective.text=1.0", "stages=[{until_stop: 4, objective: {text: 1}}]"], "did you mean until_step"),
        (["objective.in_batch=1.0", "text_overflow=cut"], "use one of error, skip, truncate"),
    ],
)
def test_impossible_options_say_what_to_do(options, says):
    with pytest.raises(ValueError, match=says):
        load_config(GeoclipConfig, [*SMALL, "encoder.pretrained=model", *options])


def test_a_stage_brings_only_the_negatives_that_it_uses():
    stages = "stages=[{until_step: 2, objective: {in_batch: 1}}, {until_epoch: 1, objective: {text: 1}}]"
    options = ["encoder.pretrained=model", "objective.image=1", "trainer.max_epochs=2", "negatives.rule=3"]
    first, second, last = load_config(GeoclipConfig, [*SMALL, *options, stages]).parts()
    assert [(n.rule, n.retrieval, n.image) for n in (first.negatives, second.negatives, last.negatives)] == [
        (0, 0, 0),
        (3, None, 0),
        (3, None, None),
    ]
    places = [(epoch, step) for epoch, step in ((0, 0), (0, 1), (0, 2), (0, 9), (1, 10), (1, 11))]
    assert [part_at([first, second, last], *place) for place in places] == [0, 0, 1, 1, 2, 2]


def test_missing_sections_are_named():
    with pytest.raises(ValueError, match=r"encoder.*objective"):
        load_config(GeoclipConfig, SMALL)
    with pytest.raises(ValueError, match="exactly one of pretrained, clip, timm"):
        load_config(GeoclipConfig, [*SMALL, "objective.in_batch=1.0", "encoder.recompute_rows=0"])


@pytest.mark.parametrize("options", [["models=[]"], ["models=[a,a]"], ["models=[a]", "negatives=0"]])
def test_retrieval_refuses_empty_repeated_and_zero(options):
    with pytest.raises(ValueError, match=r"name at least one model, and none twice|at least 1"):
        load_config(RetrievalConfig, ["data=d", "out=o", *options])
