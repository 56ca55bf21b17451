/** `train … with`: which training a variant has, across files, and what the changes replace. */
import { expect, it } from "vitest";
import { printChecked } from "../../src/check/print-checked.ts";
import { iterationGraph, placeParameters } from "../../src/driver/iteration.ts";
import { check } from "../support/check.ts";

const BASE = `model Base {
  size d = 4
  input x : f32[B, D]
  label y : f32[B]
  param map : f32[D] = 1
  param offset : f32 = 0
  y_hat = dot(x, map, axis = D) + offset
  loss task = mean((y_hat - y)^2)
  output y_hat predicts y
}

train Base {
  batch 8
  phase first {
    minimize task
    updates offset
    with Adam(lr = 0.5)
    repeat 3
  }
  phase model {
    minimize task
    updates all except offset
    with Adam(lr = 0.1)
    group map (lr = 0.2)
    clip norm 1.0
  }
  epochs 5
  select min valid.mae
  patience 2
  report mae
}
`;

/** The training of a model as it is printed, one line each. */
function trainingLines(
  source: string,
  model: string,
  files: Readonly<Record<string, string>> = {},
): string[] {
  const { program, messages } = check({ source, files, model });
  expect(messages).toBe("");
  const text = printChecked({ ...program, models: program.models.filter(({ name }) => name === model) });
  return text
    .slice(text.indexOf(`train ${model}`))
    .trimEnd()
    .split("\n")
    .map((line) => line.trim());
}

const ADAM = "beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0, decay = matrices";

it("replaces what it says anew and keeps the rest; its groups decide before the others", () => {
  const source = `import "./base.mird" (Base)
model Small = Base with { d = 2 }
model Smaller = Small with { d = 1 }
train Small with {
  batch 4
  phase model {
    maximize task
    group offset (lr = 0)
  }
  phase last {
    minimize 2 * task
    updates map
    with Adam(lr = 0.3)
  }
  report mae, corr
}
train Smaller with { epochs 7 }
`;
  const lines = trainingLines(source, "Smaller", { "./base.mird": BASE });
  const settings = (lr: number) => `lr = ${lr}, ${ADAM.replace("1e-8", String(1e-8))}`;
  expect(lines).toEqual([
    "train Smaller {",
    "batch 4 labelled + 0 unlabelled",
    "phase first {",
    "minimize task",
    "updates offset",
    `with adam(${settings(0.5)})`,
    "repeat 3",
    "schedule constant(warmup = 0)",
    "}",
    "phase model {",
    "maximize task",
    "updates all except offset",
    `with adam(${settings(0.1)})`,
    "group offset (lr = 0)",
    "group map (lr = 0.2)",
    "repeat 1",
    "schedule constant(warmup = 0)",
    "clip norm 1",
    "}",
    "phase last {",
    "minimize 2 * task",
    "updates map",
    `with adam(${settings(0.3)})`,
    "repeat 1",
    "schedule constant(warmup = 0)",
    "}",
    "epochs 7",
    "select min valid.mae",
    "patience 2",
    "report mae, corr",
    "}",
  ]);
});

it("is that of an imported model for a variant that says nothing", () => {
  const source = `import "./base.mird" (Base)\nmodel Small = Base with { d = 2 }\n`;
  const [, ...small] = trainingLines(source, "Small", { "./base.mird": BASE });
  expect(small).toEqual(trainingLines(BASE, "Base").slice(1));
});

it("is what the entry file says of an imported model, before what that model's file says", () => {
  const block = BASE.slice(BASE.indexOf("train Base")).replace("epochs 5", "epochs 9");
  const source = `import "./base.mird" (Base)\n${block}model Small = Base with { d = 2 }\n`;
  expect(trainingLines(source, "Small", { "./base.mird": BASE })).toContain("epochs 9");
});

it("reads its objective with the functions of its own file", () => {
  const source = `import "./base.mird" (Base)
function half(x: f32) -> f32 {
  return x / 2
}
model Small = Base with { d = 2 }
train Small with { phase model { minimize half(task) } }
`;
  const { program, messages } = check({ source, files: { "./base.mird": BASE } });
  expect(messages).toBe("");
  const model = program.chosen;
  if (model?.train == null) throw new Error("no training");
  const setup = {
    model,
    train: model.train,
    sizes: new Map([
      ["B", 4],
      ["D", 3],
    ]),
    dataRows: 10,
  };
  const losses = iterationGraph(setup, placeParameters(setup)).losses.map(({ name }) => name);
  expect(losses).toContain("model.objective");
});

it("finds what stands twice within the changes", () => {
  const twice = `${BASE}model Small = Base with { d = 2 }
train Small with {
  epochs 1
  epochs 2
  phase model { repeat 2, repeat 3 }
}
`;
  expect(check(twice).codes).toEqual(["duplicate-member", "duplicate-member"]);
});

it("a file that declares no model trains one that it imports, in its own way", () => {
  const own = `import "./base.mird" (Base)
train Base {
  batch 2
  phase model {
    minimize task
    updates all
    with Adam(lr = 0.1)
  }
  epochs 3
}
`;
  const files = { "./base.mird": BASE };
  const { program } = check({ source: own, files });
  expect(program.chosen?.name).toBe("Base");
  expect(trainingLines(own, "Base", files)).toContain("epochs 3");
  expect(check({ source: own.replace("epochs 3", "epochs many"), files }).codes).toEqual(["unknown-name"]);
  // A model of the file itself stays the first.
  expect(check({ source: `${own}model Small = Base with { d = 2 }\n`, files }).program.chosen?.name).toBe(
    "Small",
  );
});

it("a mistake in a train block that variants share is told once", () => {
  const source = `${BASE.replace("epochs 5", "epochs many")}model Small = Base with { d = 2 }\nmodel Smaller = Small with { d = 1 }\n`;
  const { problems } = check(source);
  expect(problems.map(({ text }) => text)).toEqual([
    "The name `many` is not defined in the train block of `Base`, and nothing of that name is imported.",
  ]);
});
