/** What variants add to a model: settings, slots and losses, from another file, checked and built like those of the model itself. */
import { expect, it } from "vitest";
import { printChecked } from "../../src/check/print-checked.ts";
import { iterationGraph, placeParameters } from "../../src/driver/iteration.ts";
import { check } from "../support/check.ts";

const BASE = `interface Map {
  (x: f32[B, D]) -> f32[B]
}
module Plain implements Map {
  (x: f32[B, D]) -> f32[B] {
    param weight : f32[D] = 1
    return dot(x, weight, axis = D)
  }
}
model Base {
  input x : f32[B, D]
  label y : f32[B]
  slot map : Map = Plain()
  y_hat = map()(x)
  loss task = mean((y_hat - y)^2)
  output y_hat predicts y
}
train Base {
  batch 4
  phase model {
    minimize task
    updates all
    with Sgd(lr = 0.1)
  }
  epochs 1
}
`;
const files = { "./base.mird": BASE };

const VARIANT = `import "./base.mird" (Base, Map)
import std.nn (Mlp)
module Wide(width: size) implements Map {
  (x: f32[B, D]) -> f32[B] {
    return at(Mlp(width, 1)(x), axis = 1, index = 0)
  }
}
function shrunk(x: f32[..]) -> f32 {
  return mean(x^2)
}
model Other = Base with {
  size width = 3
  number weight = 0.5
  map = Wide(width)
  slot second : Map = Wide(2 * width)
  loss gap = sum(mean((y_hat - second()(z))^2) for z in [x, 2 * x])
  loss small = shrunk(y_hat)
}
model Last = Other with {
  flag both = true
  width = 5
}
train Last with {
  phase model {
    minimize task + weight * gap + (if both then small else 0)
    updates map, second
  }
}
`;

function built(source: string, set: readonly string[] = [], model = "Last") {
  const { program, messages } = check({ source, files, set, model });
  expect(messages).toBe("");
  const { chosen } = program;
  if (chosen?.train == null) throw new Error("no training");
  const setup = {
    model: chosen,
    train: chosen.train,
    sizes: new Map([
      ["B", 4],
      ["D", 3],
    ]),
    dataRows: 10,
  };
  const placed = placeParameters(setup);
  return {
    parameters: placed.parameters.map(({ path, shape }) => `${path} [${shape.join(", ")}]`).sort(),
    losses: iterationGraph(setup, placed).losses.map(({ name }) => name),
  };
}

it("are built with the names of their own file, under the names of their statements", () => {
  const { parameters, losses } = built(VARIANT);
  const wide = (path: string, width: number) => [
    `${path}.return.first.offset [${width}]`,
    `${path}.return.first.weight [${width}, 3]`,
    `${path}.return.second.offset [1]`,
    `${path}.return.second.weight [1, ${width}]`,
  ];
  expect(parameters).toEqual([...wide("gap[2]", 10), ...wide("gap[x]", 10), ...wide("y_hat", 5)]);
  expect(losses).toEqual(["model.objective", "task", "gap", "gap[x]", "gap[2]", "small"]);
});

it("can be set on the command line", () => {
  const { parameters } = built(VARIANT, ["width=7", "second=Wide(width)"]);
  expect(parameters).toContain("y_hat.return.first.weight [7, 3]");
});

it("leave the model as it was", () => {
  expect(
    built(VARIANT.replace("model Last", "model Bare = Base with {}\nmodel Last"), [], "Bare").parameters,
  ).toEqual(["y_hat.weight [3]"]);
});

const SIZED = `model Base {
  size d = 4
  input x : f32[B, D]
  param map : f32[D, d] = 1
  loss task = mean(dot(x, map, axis = D))
}
`;

it("give a size of the model another default, which is not a demand", () => {
  const source = `${SIZED}model Other = Base with { size d = 6 }\n`;
  const { program, messages } = check({ source, model: "Other" });
  expect(messages).toBe("");
  const sizes = (program.chosen?.declaration.members ?? []).filter(({ kind }) => kind === "size");
  expect(sizes).toMatchObject([{ name: { name: "d" }, default: { value: 6 } }]);
  expect(program.chosen?.overrides.size).toBe(0);
  const printed = printChecked(program).split("\n");
  const [line] = printed.filter((each) => each.includes("size d"));
  expect(printed.slice(printed.indexOf("model Other = Base with {"))).toContain(line);
});

it("give a size of the model one default", () => {
  const source = `${SIZED}model Other = Base with { size d = 6, size d = 8 }\nmodel Last = Other with { size d = 9 }\n`;
  const { codes, problems } = check(source);
  expect(codes).toEqual(["duplicate-name"]);
  expect(problems[0]?.primary?.span.start).toBe(source.indexOf("d = 8"));
  expect(problems[0]?.related[0]?.span.start).toBe(source.indexOf("d = 6"));
});

it.each([
  ["number rate = 0.2", "`rate = 0.2`"],
  ["flag deep = false", "`deep = false`"],
  ["slot head : Head = Flat()", "`head = Flat()`"],
  ["loss rate = mean(x)", null],
])("say how a value is given without declaring it again: %s", (line, hint) => {
  const source = `interface Head {
  (x: f32[B, D]) -> f32[B]
}
module Flat() implements Head {
  (x: f32[B, D]) -> f32[B] {
    return sum(x, axis = D)
  }
}
model Base {
  number rate = 0.1
  flag deep = true
  slot head : Head = Flat()
  input x : f32[B, D]
  loss task = rate * mean(head()(x))
}
model Other = Base with { ${line} }
`;
  const { problems } = check(source);
  expect(problems.map(({ code }) => code)).toEqual(["duplicate-name"]);
  if (hint === null) expect(problems[0]?.hint).toBeUndefined();
  else expect(problems[0]?.hint).toContain(hint);
});

it.each([
  ["a name that the model has", "size y_hat = 3", "duplicate-name"],
  ["an input", "input more : f32[B, E]", "syntax-unexpected"],
  ["a statement that looks like a setting", "more = 3", "unknown-setting"],
  ["a loss that is no number", "loss more = y_hat", "loss-not-scalar"],
  ["a size that is no number", "size more = true", "wrong-default"],
])("%s is refused", (_, line, code) => {
  const source = `import "./base.mird" (Base)\nmodel Other = Base with {\n  ${line}\n}\n`;
  expect(check({ source, files }).codes).toEqual([code]);
});
