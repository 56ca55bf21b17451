/**
 * What code generation has to know about a device. The numbers are choices between schedules, not limits that a kernel could break,
 * except for those named `max…`. A discrete GPU, an integrated GPU and a software driver are three descriptors of one compiler.
 */
export interface ContractionTile {
  /** Rows and columns of the result that one invocation (direct) or one workgroup (tiled) computes. */
  readonly rows: number;
  readonly columns: number;
}

/** A tile that goes through workgroup memory. */
export interface WorkgroupTile extends ContractionTile {
  /** Inner positions held in workgroup memory at a time, for each slice. */
  readonly inner: number;
  /** Parts of the inner axis that a workgroup sums side by side; each has (rows / 4) * (columns / 4) invocations. */
  readonly slices: number;
}

/** Operands are read where they lie. */
export interface DirectContraction {
  readonly kind: "direct";
  /** From the largest to the smallest. */
  readonly tiles: readonly ContractionTile[];
  /** With fewer products than this, a tile has at most so many results: less code to compile is then worth more than fast code. */
  readonly small: { readonly products: number; readonly results: number };
}

/** Operands go through workgroup memory. */
export interface TiledContraction {
  readonly kind: "tiled";
  /** From the largest to the smallest. */
  readonly tiles: readonly WorkgroupTile[];
}

export interface TargetDescriptor {
  readonly name: string;
  readonly kind: "software" | "integrated" | "discrete";
  /** Storage buffers that one kernel may bind. */
  readonly maxOperands: number;
  /** Invocations in a workgroup. */
  readonly maxInvocations: number;
  /** Workgroups in each dimension of a dispatch. */
  readonly maxWorkgroups: number;
  /** `invocation`: a row of a reduction belongs to one invocation, and nothing ever waits; `workgroup`: a row may be shared by a workgroup. */
  readonly rowStrategy: "invocation" | "workgroup";
  readonly contraction: DirectContraction | TiledContraction;
  /** Loops read and write vec4 where shapes allow. */
  readonly vectorLoops: boolean;
  /** A map of at least `from` rows gives so many to each invocation. */
  readonly rowsPerInvocation: { readonly from: number; readonly rows: number };
  /** Invocations that keep the device busy: below that, smaller tiles and shared rows are chosen. */
  readonly saturation: number;
  /** Invocations in a workgroup of kernels that need no cooperation; fewer where that would make fewer than `workgroups` of them. */
  readonly workgroupSize: number;
  readonly workgroups: number;
  /** For fusion: scalar operations that cost as much as one more dispatch. */
  readonly dispatchCost: number;
  /** For fusion: a reduction of at least `extent` elements into fewer than `rows` results is done in two steps. */
  readonly split: { readonly rows: number; readonly extent: number };
  /** For fusion: scalar operations of one generated kernel, as a bound on the size of its code. */
  readonly maxKernelCost: number;
}

/** What a device offers, as far as descriptors depend on it. */
export interface DeviceFacts {
  readonly kind: TargetDescriptor["kind"];
  readonly maxStorageBuffers: number;
  readonly maxInvocations: number;
  readonly maxWorkgroups: number;
}

const TILED: readonly WorkgroupTile[] = [
  { rows: 64, columns: 64, inner: 16, slices: 1 },
  { rows: 32, columns: 32, inner: 16, slices: 1 },
  { rows: 32, columns: 32, inner: 8, slices: 4 },
  { rows: 16, columns: 16, inner: 8, slices: 2 },
  { rows: 16, columns: 16, inner: 4, slices: 16 },
];

/** Measured on SwiftShader, 2 cores: 8 x 8 is the best tile; every read amortised over fewer products costs more than idle lanes. */
const DIRECT: readonly ContractionTile[] = [
  { rows: 8, columns: 8 },
  { rows: 4, columns: 8 },
  { rows: 4, columns: 4 },
  { rows: 8, columns: 1 },
  { rows: 2, columns: 4 },
  { rows: 1, columns: 4 },
  { rows: 1, columns: 1 },
];

/** The descriptor of a device with the given limits. */
export function describeTarget(facts: DeviceFacts): TargetDescriptor {
  const limits = {
    maxOperands: facts.maxStorageBuffers,
    maxInvocations: facts.maxInvocations,
    maxWorkgroups: facts.maxWorkgroups,
  };
  if (facts.kind === "software") {
    return {
      ...limits,
      name: "software",
      kind: "software",
      rowStrategy: "invocation",
      // The smaller tile costs half a millisecond in a run, and its code is compiled in a third of the time.
      contraction: { kind: "direct", tiles: DIRECT, small: { products: 2_500_000, results: 16 } },
      // Neighbouring invocations become the lanes of a processor; vectors are taken apart, which makes four times the code and no kernel faster.
      vectorLoops: false,
      // An invocation of a map costs more than its work.
      rowsPerInvocation: { from: 4096, rows: 16 },
      saturation: 64,
      workgroupSize: 64,
      workgroups: 4,
      // A dispatch takes 200-400 us; one invocation adds up some 200 000 numbers in that time.
      dispatchCost: 300_000,
      split: { rows: 16, extent: 200_000 },
      maxKernelCost: 300,
    };
  }
  const discrete = facts.kind === "discrete";
  return {
    ...limits,
    name: facts.kind,
    kind: facts.kind,
    rowStrategy: "workgroup",
    contraction: { kind: "tiled", tiles: TILED },
    vectorLoops: true,
    rowsPerInvocation: { from: 1, rows: 1 },
    saturation: discrete ? 32768 : 4096,
    workgroupSize: 64,
    workgroups: 64,
    dispatchCost: discrete ? 2_000_000 : 300_000,
    split: { rows: 64, extent: 16_384 },
    maxKernelCost: 600,
  };
}
