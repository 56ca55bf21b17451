/** Explanations of problems that only show when sizes, data, settings or a device are known. */
import { explanationsOutside } from "./explanation.ts";

export const runningExplanations = explanationsOutside([
  [
    "unbound-size",
    "A size has no value: it comes from a dataset, and there is none here. Pass a dataset, set the size with `--set`, or give it a default in the model.",
  ],
  [
    "size-not-whole",
    "A size came out as a fraction, because a division of sizes is not exact. Choose sizes that divide, for example a width that is a multiple of the number of heads.",
  ],
  [
    "shared-sizes",
    "One instance is called with tensors of different sizes, so its parameters would need two shapes. Make an instance for each.",
  ],
  [
    "split-rows",
    "Some rows of a batch may be absent in what is split, so the axis of the rows must stay one axis. Split another axis.",
  ],
  ["no-train-block", "The model has no train block, so nothing says how to train it."],
  ["no-model", "The file declares no model."],
  [
    "export-nothing",
    "The model has no outputs, so there is nothing to export as a function of its inputs; or, for a folder in the layout of Hugging Face, no part of it that the spec loads weights into.",
  ],
  [
    "export-operator",
    "An output of the model needs an operation that is not written to ONNX: a Cholesky factor or the inverse of a triangular matrix.",
  ],
  [
    "export-rows",
    "An output of the model reads a state that is kept for every row of the dataset, so it cannot be exported as a function of its inputs.",
  ],
  [
    "export-random",
    "An output of the model draws random numbers in evaluation too (`shuffle` does), so it cannot be exported as a function of its inputs.",
  ],
  [
    "bad-setting",
    "`--set` takes `name=value`, for example `--set d=32` or `--set 'penalty=Club(hidden = 16)'`.",
  ],
  [
    "bad-axis",
    "`--over` takes a setting or slot and its values, for example `--over d=16,32` or `--over 'penalty=Club(hidden = 16),None'`. Values differ, and each setting is one axis.",
  ],
  [
    "bad-drop",
    "`--drop` takes a modality and the share of the rows that lose it, from 0 to 1: `--drop vision=0.3`, or `--drop test.vision=0.3` for one split.",
  ],
  [
    "unknown-modality",
    "`--drop` names something that is no input of the model, or a split that the dataset does not have.",
  ],
  [
    "drop-without-prediction",
    "Rows of an evaluated split lose a modality that the prediction is computed from. `or_zero` in the spec says that zeros stand in its place; `--drop train.NAME=…` drops it in training only.",
  ],
  ["missing-field", "The dataset lacks a field that the model has as an input or label."],
  [
    "field-kind",
    "A field of the dataset holds another kind of value than the input or label that it belongs to.",
  ],
  ["data-size", "A size of the dataset does not agree with the size that the model has for it."],
  ["data-ragged", "A field of the dataset has lengths where the model has none, or the reverse."],
  ["missing-split", "The dataset lacks a split that is needed."],
  [
    "no-labelled-rows",
    "No row of the split has a label, so there is nothing to learn from or to compare with.",
  ],
  [
    "label-values",
    "A label with several numbers per row is a yes or no for each of several labels, 1 or 0, where an output predicts it. Without `predicts` any numbers can be learned from.",
  ],
  [
    "not-a-chance",
    "An output predicts a label with several numbers per row by chances from 0 to 1, since from a half on a label counts as predicted. `sigmoid` makes chances of scores.",
  ],
  ["no-unlabelled-rows", "The train block asks for rows without a label, and the dataset has none."],
  [
    "checkpoint-mismatch",
    "A checkpoint was written by another model: names or shapes of its parameters differ.",
  ],
  [
    "missing-pretrained",
    "The spec loads weights that the command does not name: `--pretrained NAME=DIR` gives their folder, `--pretrained NAME=none` trains from drawn numbers on purpose.",
  ],
  [
    "bad-pretrained",
    "`--pretrained` takes the name that the spec loads weights by and a folder: `--pretrained bert=models/bert-base-uncased`.",
  ],
  [
    "weights-mismatch",
    "A folder of weights does not fit the model: a field of `config.json` differs, a tensor is missing, or has another shape or type. Nothing is loaded in part. docs/weights.md tells more.",
  ],
  [
    "missing-vectors",
    "The spec starts an embedding from word vectors, and none were imported for that field. `mird data import` takes them by `--vectors FIELD=FILE`.",
  ],
  [
    "vectors-mismatch",
    "Word vectors are as long as an embedding is wide, and belong to one table with a row for each word.",
  ],
  [
    "diverged",
    "A loss is no longer a number. A smaller learning rate, clipping (`clip norm 1.0`) or a small constant inside `log` usually helps.",
  ],
  [
    "gradient-mismatch",
    "A gradient differs from the differences of its objective. It is a mistake of mird, or the objective bends too sharply for differences to show its slope.",
  ],
  [
    "no-latents",
    "`mird disentangle` measures dependence between latents, the outputs of the spec that predict no label. It needs two of them, enough rows with every input, and a split that is not fitted to.",
  ],
  ["not-a-run", "The folder is not one that `mird train` has made."],
  [
    "run-exists",
    "The folder of a new run holds something already. `--force` replaces a run, never anything else.",
  ],
  ["run-locked", "Another process is writing to this run. A lock whose process has ended is taken over."],
  [
    "run-unreadable",
    "The run cannot be used for this: it has ended, has no parameters yet, or its dataset has changed.",
  ],
  [
    "other-comparison",
    "The folder of a comparison goes with one spec, its settings, axes, dataset and device; only the number of seeds and the metrics may change.",
  ],
  ["run-version", "The run folder was written by another version of mird."],
  ["unknown-device", "The devices are those that `mird doctor` lists."],
  [
    "no-adapter",
    "No graphics adapter, and no software one, could be opened. `mird doctor` says what was tried.",
  ],
  [
    "device-lost",
    "The device stopped in the middle of the work, for example because its driver was restarted. A run goes on with `--resume`.",
  ],
  [
    "device-memory",
    "The device has too little memory for this model and batch. A smaller batch needs less; `mird compile --memory` shows which line of the spec needs how much.",
  ],
  ["data-unreadable", "A file cannot be opened or read."],
  ["data-format", "A file is not what its name or its beginning promises."],
  ["data-empty", "A file or table holds nothing that could be read."],
  ["data-version", "A dataset folder was written by another version of mird."],
  ["data-missing-column", "A table lacks a column that the import names."],
  ["data-missing-dataset", "An HDF5 file lacks a dataset that the import names."],
  ["data-shape", "Sizes within the data do not agree with each other."],
  ["data-value", "A value is not accepted where it stands: not a number, outside its range, or not finite."],
  ["data-join", "Rows of several sources cannot be brought together: a key is missing or stands twice."],
  ["data-split", "A split is empty, unknown, or shares rows with another."],
  ["data-manifest", "The description of an import has a mistake."],
  [
    "data-tokenizer",
    "A `tokenizer.json` asks for something that is not read here. Read are tokenizers of BERT and its kin: a `WordPiece` model, no normalizer or `BertNormalizer`, the pre-tokenizer `BertPreTokenizer` or `WhitespaceSplit`, and special tokens around the text (`TemplateProcessing`, `BertProcessing`). With others the numbers of the tokens would be wrong. Tokenize the texts with the program that the file is for, and import the numbers as a field of kind `tokens`.",
  ],
  [
    "data-exists",
    "The folder that should be written exists already; nothing is overwritten unless that is asked for.",
  ],
  [
    "data-unsafe",
    "A file asks for more than data: a function to call, a class to make, or a file outside its folder. Nothing of it is executed or opened. Files that hold arrays, lists and dictionaries only are read.",
  ],
]);
