/**
 * Fits the operands of a dispatch to what WebGPU can bind: bindings start at multiples of 256 bytes, and two writable ones may not overlap. Plans
 * may well ask for both: an update reads and writes the same parameters, a kernel may read an arena as a whole and in part, and a scalar
 * result lies anywhere in its arena. Such operands start earlier, or become one, and the places inside them move along.
 */
import { at, invariant } from "../base/invariant.ts";
import type { Index, Kernel, Operand } from "../ir/kernel.ts";
import type { Region } from "../ir/program.ts";
import { ARENA_ALIGNMENT } from "../ir/program.ts";

export interface PlacedKernel {
  readonly kernel: Kernel;
  readonly regions: readonly Region[];
}

/** Bindings are rounded up to this, so regions that are closer together overlap as well. */
const BINDING_BYTES = 16;

/** The same computation with operands that can be bound; the kernel itself when they can be already. */
export function placeKernel(kernel: Kernel, regions: readonly Region[]): PlacedKernel {
  invariant(
    regions.length === kernel.operands.length,
    `kernel ${kernel.name} has ${kernel.operands.length} operands, its dispatch ${regions.length}`,
  );
  const aligned = regions.map(alignRegion);
  const groups = overlapGroups(aligned);
  const fits =
    groups.length === regions.length && aligned.every((region, operand) => region === at(regions, operand));
  if (fits) return { kernel, regions };
  invariant(
    kernel.kind !== "library",
    `operands of the library kernel ${kernel.name} overlap or do not start at ${ARENA_ALIGNMENT} bytes`,
  );
  const merged = groups.map((members) => mergedRegion(members.map((member) => at(aligned, member))));
  const groupOf = regions.map((_, operand) => groups.findIndex((members) => members.includes(operand)));
  const operands = groups.map((members, group) =>
    mergedOperand(
      kernel.name,
      members.map((member) => at(kernel.operands, member)),
      at(merged, group),
    ),
  );
  const move = <Place extends { readonly operand: number; readonly index: Index }>(place: Place): Place => {
    const group = at(groupOf, place.operand);
    const shift = (at(regions, place.operand).offset - at(merged, group).offset) / 4;
    return { ...place, operand: group, index: { ...place.index, offset: place.index.offset + shift } };
  };
  const expressions = kernel.expressions.map((expression) =>
    expression.op === "load" ? move(expression) : expression,
  );
  if (kernel.kind === "contraction") {
    return {
      regions: merged,
      kernel: {
        ...kernel,
        operands,
        expressions,
        left: move(kernel.left),
        right: move(kernel.right),
        stores: kernel.stores.map(move),
      },
    };
  }
  const phases = kernel.phases.map((phase) =>
    phase.kind === "reduce" ? phase : { ...phase, stores: phase.stores.map(move) },
  );
  return { regions: merged, kernel: { ...kernel, operands, expressions, phases } };
}

function alignRegion(region: Region): Region {
  const excess = region.offset % ARENA_ALIGNMENT;
  return excess === 0 ? region : { ...region, offset: region.offset - excess, bytes: region.bytes + excess };
}

/** Positions of operands that hang together, in the order of their first members. */
function overlapGroups(regions: readonly Region[]): readonly (readonly number[])[] {
  const order = regions
    .map((_, operand) => operand)
    .sort((a, b) => {
      const [first, second] = [at(regions, a), at(regions, b)];
      return first.arena === second.arena
        ? first.offset - second.offset
        : first.arena < second.arena
          ? -1
          : 1;
    });
  const groups: number[][] = [];
  let end = { arena: "", offset: 0 };
  for (const operand of order) {
    const { arena, offset, bytes } = at(regions, operand);
    const padded = offset + Math.ceil(bytes / BINDING_BYTES) * BINDING_BYTES;
    const joins = arena === end.arena && offset < end.offset;
    if (joins) at(groups, -1).push(operand);
    else groups.push([operand]);
    end = { arena, offset: joins ? Math.max(end.offset, padded) : padded };
  }
  return groups.sort((a, b) => Math.min(...a) - Math.min(...b));
}

function mergedRegion(regions: readonly Region[]): Region {
  const offset = Math.min(...regions.map((region) => region.offset));
  const end = Math.max(...regions.map((region) => region.offset + region.bytes));
  return { arena: at(regions, 0).arena, offset, bytes: end - offset };
}

function mergedOperand(kernel: string, operands: readonly Operand[], region: Region): Operand {
  const [first] = operands;
  invariant(
    first !== undefined && operands.every(({ dtype }) => dtype === first.dtype),
    `operands of different types overlap in kernel ${kernel}`,
  );
  const access = operands.every((operand) => operand.access === first.access) ? first.access : "update";
  return {
    name: operands.map((operand) => operand.name).join("+"),
    dtype: first.dtype,
    elements: region.bytes / 4,
    access,
  };
}
