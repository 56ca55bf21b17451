/** The builtin functions of the language, by name. */
import type { Builtin } from "./builtin.ts";
import { dot } from "./contraction.ts";
import { cuts } from "./cut.ts";
import { derivatives } from "./derivatives.ts";
import { elementwise } from "./elementwise.ts";
import { indexing } from "./indexing.ts";
import { joins } from "./join.ts";
import { library } from "./library.ts";
import { order } from "./order.ts";
import { paddings } from "./padding.ts";
import { reductions } from "./reductions.ts";
import { shapes } from "./shape.ts";
import { stochastic } from "./stochastic.ts";

export { operators } from "./elementwise.ts";

export const builtins: ReadonlyMap<string, Builtin> = new Map(
  [
    ...elementwise,
    ...derivatives,
    ...reductions,
    dot,
    ...shapes,
    ...joins,
    ...paddings,
    ...cuts,
    ...indexing,
    ...order,
    ...stochastic,
    ...library,
  ].map((builtin) => [builtin.name, builtin]),
);
