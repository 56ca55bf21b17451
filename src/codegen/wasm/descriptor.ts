/** What fusion has to know about the CPU target. */

/** Fields that fusion reads, and a name. */
export interface CpuDescriptor {
  readonly name: string;
  readonly maxOperands: number;
  readonly dispatchCost: number;
  readonly split: { readonly rows: number; readonly extent: number };
  readonly maxKernelCost: number;
}

/**
 * A dispatch costs below a microsecond, so little is computed twice for want of one; what is stored must be read again. Rows are long before a second
 * thread and four lanes are worth a step of their own.
 */
export const CPU: CpuDescriptor = {
  name: "cpu",
  maxOperands: 16,
  dispatchCost: 2_000,
  split: { rows: 8, extent: 32_768 },
  maxKernelCost: 300,
};
