/**
 * Which dispatches run as one. A device waits between dispatches, and small kernels leave most of it idle; kernels that do not touch what others of the same launch
 * write run side by side. The plan stays as it is: only what lies in other bytes is moved past each other.
 */
import { at } from "../../base/invariant.ts";
import type { Region } from "../../ir/program.ts";
import type { TargetDescriptor } from "../descriptor.ts";
import type { WgslKernel } from "../target.ts";
import { worksTogether } from "./join.ts";

/** A dispatch as code, over regions that can be bound. */
export interface Launchable {
  readonly code: WgslKernel;
  readonly regions: readonly Region[];
  /** For each region, whether the kernel writes there. */
  readonly writes: readonly boolean[];
}

export interface Launch<D extends Launchable> {
  readonly parts: readonly { readonly dispatch: D; readonly bindings: readonly number[] }[];
  /** The regions of the bindings. */
  readonly regions: readonly Region[];
}

/** Kernels of a launch. More would only make modules longer. */
const MOST_PARTS = 8;
/** A kernel that runs more often in a segment keeps its module, which would otherwise be compiled again for every launch that it joins. */
const MOST_USES = 2;
/** Bindings end at multiples of this. */
const BINDING_BYTES = 16;

/** Dispatches that run in this order, in as few launches as their bindings allow. */
export function launchesOf<D extends Launchable>(
  dispatches: readonly D[],
  descriptor: TargetDescriptor,
): readonly Launch<D>[] {
  const launches: OpenLaunch<D>[] = [];
  const uses = new Map<string, number>();
  for (const { code } of dispatches) uses.set(code.wgsl, (uses.get(code.wgsl) ?? 0) + 1);
  for (const dispatch of dispatches) {
    let earliest = launches.length;
    while (earliest > 0 && !at(launches, earliest - 1).conflicts(dispatch)) earliest--;
    const alone = (uses.get(dispatch.code.wgsl) ?? 0) > MOST_USES;
    const home = alone
      ? undefined
      : launches.slice(earliest).find((launch) => launch.take(dispatch, descriptor.maxOperands));
    if (home !== undefined) continue;
    const launch = new OpenLaunch<D>(alone);
    launch.take(dispatch, descriptor.maxOperands);
    launches.push(launch);
  }
  return launches;
}

class OpenLaunch<D extends Launchable> implements Launch<D> {
  readonly parts: { readonly dispatch: D; readonly bindings: readonly number[] }[] = [];
  readonly regions: Region[] = [];
  readonly #bytes: number[] = [];
  readonly #elements: string[] = [];
  readonly #alone: boolean;

  constructor(alone: boolean) {
    this.#alone = alone;
  }

  /** Whether one writes what the other touches. */
  conflicts({ regions, writes }: D): boolean {
    return this.parts.some(({ dispatch }) =>
      dispatch.regions.some((region, operand) =>
        regions.some(
          (other, position) =>
            (at(writes, position) || at(dispatch.writes, operand)) &&
            overlap(region, region.bytes, other, other.bytes),
        ),
      ),
    );
  }

  /** Adds a dispatch that conflicts with none, if it fits. */
  take(dispatch: D, most: number): boolean {
    const { code, regions } = dispatch;
    if (!this.#fitsBeside(code)) return false;
    const added: number[] = [];
    const bindings: number[] = [];
    for (const [operand, region] of regions.entries()) {
      const [bytes, element] = [at(code.bindingBytes, operand), at(code.elements, operand)];
      const shared = this.regions.findIndex(
        (other, binding) =>
          other.arena === region.arena &&
          other.offset === region.offset &&
          this.#bytes[binding] === bytes &&
          this.#elements[binding] === element,
      );
      if (shared >= 0) {
        bindings.push(shared);
        continue;
      }
      if (this.regions.some((other, binding) => overlap(other, at(this.#bytes, binding), region, bytes)))
        return false;
      bindings.push(this.regions.length + added.length);
      added.push(operand);
    }
    if (this.parts.length > 0 && this.regions.length + added.length > most) return false;
    for (const operand of added) {
      this.regions.push(at(regions, operand));
      this.#bytes.push(at(code.bindingBytes, operand));
      this.#elements.push(at(code.elements, operand));
    }
    this.parts.push({ dispatch, bindings });
    return true;
  }

  /** Workgroups may differ in size where invocations do not wait for each other; memory that they share is kept for one kernel. */
  #fitsBeside(code: WgslKernel): boolean {
    if (this.parts.length === 0) return true;
    if (this.#alone || this.parts.length >= MOST_PARTS) return false;
    const together = [code, ...this.parts.map(({ dispatch }) => dispatch.code)];
    const waiting = together.filter(worksTogether);
    if (waiting.length === 0) return true;
    return (
      waiting.length === 1 && together.every(({ workgroupSize }) => workgroupSize === code.workgroupSize)
    );
  }
}

/** Whether bindings of so many bytes share some. */
function overlap(a: Region, bytesA: number, b: Region, bytesB: number): boolean {
  const end = (start: number, bytes: number) => start + Math.ceil(bytes / BINDING_BYTES) * BINDING_BYTES;
  return a.arena === b.arena && a.offset < end(b.offset, bytesB) && b.offset < end(a.offset, bytesA);
}
