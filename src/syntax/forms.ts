/** What the grammar's rules expect, in words for people, and how each kind of line is written. */

/** What a rule wants at its first choice. */
export const ruleExpects: Readonly<Record<string, string>> = {
  importDeclaration: "a library name or a quoted path",
  modelDeclaration: "`{` or `=`",
  argument: "a type",
  resultType: "a type",
  tensorType: "a type",
  staticType: "a type",
  axis: "an axis",
  primary: "a value",
  postfix: "a value",
  selectMember: "`min` or `max`",
  clipMember: "`norm` or `value`",
  pathIndex: "a name or a number",
};

/** What a missing token is called. */
export const tokenExpects: Readonly<Record<string, string>> = {
  Name: "a name",
  Colon: "`:` and a type",
  Equals: "`=`",
  Dot: "`.`",
  Comma: "`,`",
  LParen: "`(`",
  LBrace: "`{`",
  RParen: "`)`",
  RBracket: "`]`",
  RBrace: "the end of the line",
};

/** Rules in which a closing bracket could have been a comma as well. */
export const commaRules: ReadonlySet<string> = new Set([
  "importDeclaration",
  "parameters",
  "signature",
  "recordType",
  "axes",
  "list",
  "arguments",
  "pathPart",
]);

/** How a line is written, by the rule that reads it. */
export const forms: Readonly<Record<string, { readonly what: string; readonly form: string }>> = {
  importDeclaration: { what: "An import", form: "import std.nn (Linear, Mlp)" },
  interfaceDeclaration: { what: "An interface", form: "interface Encoder(out: size) { … }" },
  methodSignature: { what: "A method of an interface", form: "(x: f32[B, M]) -> f32[B, N]" },
  functionDeclaration: { what: "A function", form: "function relu(x: f32[..]) -> f32[..] { … }" },
  moduleDeclaration: { what: "A module", form: "module Linear(out: size, bias: flag = true) { … }" },
  modelDeclaration: { what: "A model", form: "model Mird { … }\nmodel Other = Mird with { d = 32 }" },
  trainDeclaration: { what: "A training", form: "train Mird { … }\ntrain Other with { epochs 10 }" },
  weightsDeclaration: { what: "A table of weights", form: "weights HuggingfaceBert for Bert { … }" },
  paramStatement: { what: "A parameter", form: "param weight : f32[out, D] = uniform(-0.1, 0.1)" },
  stateStatement: { what: "A state", form: "state mean : f32[D] = 0" },
  updateStatement: { what: "An update", form: "update mean = 0.9 * mean + 0.1 * batch_mean" },
  parameter: { what: "A parameter of a module", form: "out: size\nbias: flag = true" },
  argument: { what: "An argument", form: "x: f32[B, D]\nrate: number = 0.1" },
  field: { what: "A named result", form: "bound: f32" },
  override: { what: "A changed setting", form: "penalty = Orthogonal()" },
  sizeMember: { what: "A size", form: "size d = 64" },
  settingMember: { what: "A setting", form: "number weight = 0.1\nflag gated = true" },
  dataMember: { what: "An input or a label", form: "input audio : f32[B, T~, D]\nlabel y : f32[B]" },
  slotMember: { what: "A slot", form: "slot penalty : Penalty = Club(hidden = 32)" },
  lossMember: { what: "A loss", form: "loss task = mse(y_hat, y)" },
  outputMember: { what: "An output", form: "output y_hat predicts y\noutput z_a, z_b" },
  batchMember: { what: "The batch", form: "batch 48\nbatch 48 labelled + 96 unlabelled" },
  selectMember: { what: "The selection", form: "select min valid.mae" },
  loadMember: {
    what: "What parameters start from",
    form: "load bert as HuggingfaceBert into z_l.bert\nload vectors of text into z_l.embed",
  },
  configMember: {
    what: "A field of config.json",
    form: 'config hidden_size = width\nconfig hidden_act = "gelu"',
  },
  prefixMember: { what: "A prefix of names", form: 'prefix "bert."' },
  tensorMember: {
    what: "A tensor",
    form: '"encoder.layer.{i-1}.output.dense.weight" = blocks[i].out.weight',
  },
  phaseDeclaration: { what: "A phase", form: "phase model { … }" },
  callMember: {
    what: "An optimiser or a schedule",
    form: "with Adam(lr = 1e-3)\nschedule cosine(warmup = 0.1)",
  },
  groupMember: { what: "A group", form: "group z_l.embedding (lr = 1e-4)" },
  clipMember: { what: "A limit of the gradient", form: "clip norm 1.0" },
  choice: { what: "A choice", form: "if bias then y + offset else y" },
  comprehension: { what: "A repetition", form: "[Linear(d)(x) for x in [a, b, c]]" },
};

/** What the lines of a place can be, and the words that can open one. */
export const lineStarts: Readonly<
  Record<string, { readonly place: string; readonly text: string; readonly words: readonly string[] }>
> = {
  declaration: {
    place: "outside braces",
    text: "Outside braces stand `import`, `interface`, `function`, `module`, `model`, `train` and `weights`, each with what it declares.",
    words: ["import", "interface", "function", "module", "model", "train", "weights"],
  },
  methodSignature: {
    place: "in an interface",
    text: "An interface holds the heads of methods: `(x: f32[B, M]) -> f32[B, N]`.",
    words: [],
  },
  moduleMember: {
    place: "in a module",
    text: "A line in a module is a parameter (`param`), a `state` or its `update`, a named value (`y = …`) or a method (`(x: f32[..]) { … }`).",
    words: ["param", "state", "update"],
  },
  bodyStatement: {
    place: "in a method or function",
    text: "A line in a method or function is a parameter (`param`), a `state` or its `update`, a named value (`y = …`) or `return`.",
    words: ["param", "state", "update", "return"],
  },
  modelMember: {
    place: "in a model",
    text: "A line in a model is a named value (`y = …`), or starts with `size`, `number`, `flag`, `input`, `label`, `slot`, `param`, `state`, `update`, `loss` or `output`.",
    words: ["size", "number", "flag", "input", "label", "slot", "param", "state", "update", "loss", "output"],
  },
  variantMember: {
    place: "in a variant",
    text: "A line in a variant gives a setting or slot another value (`d = 32`), or adds to the model what starts with `size`, `number`, `flag`, `slot` or `loss`.",
    words: ["size", "number", "flag", "slot", "loss"],
  },
  trainMember: {
    place: "in a training: `train Mird { … }`",
    text: "A line in a training starts with `batch`, `phase`, `epochs`, `select`, `patience`, `report` or `load`.",
    words: ["batch", "phase", "epochs", "select", "patience", "report", "load"],
  },
  weightsMember: {
    place: "in a table of weights",
    text: 'A line in a table of weights names a tensor (`"…" = …`), or starts with `config` or `prefix`.',
    words: ["config", "prefix"],
  },
  phaseMember: {
    place: "in a phase of a training: `phase model { … }`",
    text: "A line in a phase starts with `minimize`, `maximize`, `updates`, `with`, `group`, `repeat`, `schedule` or `clip`.",
    words: ["minimize", "maximize", "updates", "with", "group", "repeat", "schedule", "clip"],
  },
};

/** Words that other languages put before a new name. */
export const foreignKeywords: ReadonlySet<string> = new Set(["let", "const", "var", "val", "mut", "auto"]);
