/**
 * Optimiser updates as graphs over flat ranges of the parameter arena. They read and write their ranges in place. Neighbouring ranges that differ only
 * in rate or decay become one, with these as functions of the position, so that an update is one dispatch. Gaps between parameters hold zeros and
 * stay so.
 */
import { unreachable } from "../base/invariant.ts";
import type { Node, Output } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";

export type OptimizerSettings =
  | {
      readonly kind: "adam" | "adamw";
      readonly lr: number;
      readonly beta1: number;
      readonly beta2: number;
      readonly eps: number;
      readonly weightDecay: number;
      /**
       * The older AdamW of the transformers library, which the MIRD reference uses: eps stands beside the root before its correction, and the
       * decay comes after the step.
       */
      readonly decayLast: boolean;
    }
  | {
      readonly kind: "sgd";
      readonly lr: number;
      readonly momentum: number;
      readonly nesterov: boolean;
      readonly weightDecay: number;
    };

/** A range of parameters that one set of settings applies to. */
export interface UpdateRange {
  /** First element in `parameters` and `gradients`. */
  readonly offset: number;
  readonly elements: number;
  /** First element in the phase's moment arenas. */
  readonly momentOffset: number;
  readonly settings: OptimizerSettings;
}

export interface UpdateSite {
  readonly phase: string;
  /** Distinguishes the contents of the arenas before this update from those before others. */
  readonly version: number;
  /** Three f32: rate factor, 1 / (1 - beta1^t), 1 / (1 - beta2^t). */
  readonly scheduleOffset: number;
  readonly clip: { readonly by: "norm" | "value"; readonly limit: number } | null;
}

export function momentArena(phase: string, order: 1 | 2): string {
  return `moment${order}.${phase}`;
}

/** Number of moment arenas that an optimiser needs. */
export function momentCount(settings: OptimizerSettings): 0 | 1 | 2 {
  if (settings.kind !== "sgd") return 2;
  return settings.momentum === 0 ? 0 : 1;
}

/** Neighbouring ranges that one computation updates. */
interface MergedRange extends UpdateRange {
  readonly parts: readonly UpdateRange[];
}

/** New contents of parameters and moments for every range of a phase. */
export function updateOutputs(g: GraphBuilder, parts: readonly UpdateRange[], site: UpdateSite): Output[] {
  const ranges = mergeRanges(parts);
  const gradients = clipped(
    g,
    ranges.map((range) => arena(g, "gradients", range.offset, range.elements, site.version)),
    site.clip,
  );
  return ranges.flatMap((range, index) => {
    const gradient = gradients[index];
    return gradient === undefined ? [] : rangeOutputs(g, range, gradient, site);
  });
}

function mergeRanges(ranges: readonly UpdateRange[]): readonly MergedRange[] {
  const merged: MergedRange[] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last !== undefined && continues(last, range)) {
      const elements = last.elements + range.elements;
      merged[merged.length - 1] = { ...last, elements, parts: [...last.parts, range] };
    } else merged.push({ ...range, parts: [range] });
  }
  return merged;
}

function continues(a: UpdateRange, b: UpdateRange): boolean {
  const rest = (settings: OptimizerSettings) => JSON.stringify({ ...settings, lr: 0, weightDecay: 0 });
  return (
    a.offset + a.elements === b.offset &&
    a.momentOffset + a.elements === b.momentOffset &&
    rest(a.settings) === rest(b.settings)
  );
}

/** A setting as a function of the position in the range: a number where all parts agree. */
function settingOf(
  g: GraphBuilder,
  { offset, elements, parts }: MergedRange,
  name: "lr" | "weightDecay",
): Node | number {
  const values = parts.map((part) => part.settings[name]);
  const last = values.at(-1) ?? 0;
  if (values.every((value) => value === last)) return last;
  const position = g.iota([elements], 0);
  let result = g.full([elements], last);
  for (let index = parts.length - 2; index >= 0; index--) {
    const end = (parts[index + 1]?.offset ?? offset) - offset;
    result = g.where(g.less(position, end), values[index] ?? last, result);
  }
  return result;
}

function arena(g: GraphBuilder, name: string, offset: number, elements: number, version: number): Node {
  return g.input({
    name: `${name}[${offset}]`,
    arena: name,
    offset,
    version,
    shape: [elements],
    dtype: "f32",
  });
}

/** Clipping by the norm of all gradients of the phase together, or of every element by value (as `clip_grad_norm_`, `clip_grad_value_` of PyTorch). */
function clipped(g: GraphBuilder, gradients: readonly Node[], clip: UpdateSite["clip"]): Node[] {
  if (clip === null) return [...gradients];
  if (clip.by === "value")
    return gradients.map((gradient) => g.maximum(g.minimum(gradient, clip.limit), -clip.limit));
  const squares = gradients.map((gradient) => g.sum(g.square(gradient)));
  const norm = g.sqrt(squares.reduce((total, square) => g.add(total, square)));
  const factor = g.minimum(g.div(clip.limit, g.add(norm, 1e-6)), 1);
  return gradients.map((gradient) => g.mul(gradient, factor));
}

function rangeOutputs(g: GraphBuilder, range: MergedRange, gradient: Node, site: UpdateSite): Output[] {
  const schedule = arena(g, "schedule", site.scheduleOffset, 3, site.version);
  const scalar = (place: number) => g.reshape(g.slice(schedule, [place], [1]), []);
  const parameter = arena(g, "parameters", range.offset, range.elements, site.version);
  const moment = (order: 1 | 2) =>
    arena(g, momentArena(site.phase, order), range.momentOffset, range.elements, site.version);
  const { settings } = range;
  const rate = g.mul(scalar(0), settingOf(g, range, "lr"));
  const weightDecay = settingOf(g, range, "weightDecay");
  const outputs: Output[] = [];
  const keep = (order: 1 | 2, node: Node) => {
    const name = momentArena(site.phase, order);
    outputs.push({
      name: `${name}[${range.momentOffset}]`,
      node,
      target: { arena: name, offset: range.momentOffset },
    });
  };
  const move = (node: Node) => {
    const target = { arena: "parameters", offset: range.offset };
    outputs.push({ name: `parameters[${range.offset}]`, node, target });
  };
  switch (settings.kind) {
    case "adam":
    case "adamw": {
      const decoupled = settings.kind === "adamw";
      const total = decoupled ? gradient : decayed(g, gradient, parameter, weightDecay);
      const first = g.add(g.mul(moment(1), settings.beta1), g.mul(total, 1 - settings.beta1));
      const second = g.add(g.mul(moment(2), settings.beta2), g.mul(g.square(total), 1 - settings.beta2));
      const decay = (from: Node) => (decoupled ? g.sub(from, g.mul(from, g.mul(rate, weightDecay))) : from);
      keep(1, first);
      keep(2, second);
      if (settings.decayLast) {
        const corrected = g.div(g.mul(first, scalar(1)), g.sqrt(scalar(2)));
        const step = g.div(corrected, g.add(g.sqrt(second), settings.eps));
        move(decay(g.sub(parameter, g.mul(step, rate))));
      } else {
        const root = g.sqrt(g.mul(second, scalar(2)));
        const step = g.div(g.mul(first, scalar(1)), g.add(root, settings.eps));
        move(g.sub(decay(parameter), g.mul(step, rate)));
      }
      return outputs;
    }
    case "sgd": {
      const total = decayed(g, gradient, parameter, weightDecay);
      if (settings.momentum === 0) {
        move(g.sub(parameter, g.mul(total, rate)));
        return outputs;
      }
      const velocity = g.add(g.mul(moment(1), settings.momentum), total);
      keep(1, velocity);
      const direction = settings.nesterov ? g.add(total, g.mul(velocity, settings.momentum)) : velocity;
      move(g.sub(parameter, g.mul(direction, rate)));
      return outputs;
    }
    default:
      return unreachable(settings, "optimiser");
  }
}

/** Weight decay as part of the gradient (L2 regularisation). */
function decayed(g: GraphBuilder, gradient: Node, parameter: Node, weightDecay: Node | number): Node {
  return weightDecay === 0 ? gradient : g.add(gradient, g.mul(parameter, weightDecay));
}
