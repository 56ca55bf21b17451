/**
 * Which rows make up each batch of an epoch. Everything follows from (seed, epoch), so that a run that was stopped
 * goes on with the same batches, and two devices train on the same order.
 */
import { hash32 } from "../base/hash.ts";
import { RandomStream } from "../base/random.ts";

export interface BatchPlan {
  /** Row indices with a label. */
  readonly labelledRows: ArrayLike<number>;
  /** Row indices without one. */
  readonly unlabelledRows: ArrayLike<number>;
  /** Labelled rows per batch. */
  readonly labelled: number;
  /** Unlabelled rows per batch. */
  readonly unlabelled: number;
  readonly seed: number;
  readonly epoch: number;
}

/** The row that stands for none: absent in every field. */
const ABSENT = -1;

/**
 * The batches of one epoch, each `labelled + unlabelled` row indices, labelled ones first; -1 is an absent row.
 * Every labelled row occurs exactly once, in an order drawn for this epoch; the last batch is filled up with absent
 * rows. Unlabelled rows run through one permutation after the other and occur at most once in a batch. Without
 * labelled rows an epoch is one pass through the unlabelled ones.
 */
export function epochBatches(plan: BatchPlan): Int32Array[] {
  const { labelled, unlabelled } = plan;
  const labelledOrder = shuffled(plan.labelledRows, plan, "labelled", 0);
  const byLabelled = labelled > 0 && labelledOrder.length > 0;
  const count = byLabelled
    ? Math.ceil(labelledOrder.length / labelled)
    : unlabelled > 0
      ? Math.ceil(plan.unlabelledRows.length / unlabelled)
      : 0;
  const drawn = drawUnlabelled(plan, count, byLabelled);
  return Array.from({ length: count }, (_, batch) => {
    const rows = new Int32Array(labelled + unlabelled).fill(ABSENT);
    if (byLabelled) rows.set(labelledOrder.subarray(batch * labelled, (batch + 1) * labelled));
    rows.set(drawn[batch] ?? [], labelled);
    return rows;
  });
}

/** Rows for each batch from permutations laid end to end; `cycle` starts a new one when the last is used up. */
function drawUnlabelled(plan: BatchPlan, batches: number, cycle: boolean): number[][] {
  const most = Math.min(plan.unlabelled, plan.unlabelledRows.length);
  let queue: number[] = [...shuffled(plan.unlabelledRows, plan, "unlabelled", 0)];
  let pass = 0;
  let next = 0;
  return Array.from({ length: batches }, () => {
    const batch: number[] = [];
    while (batch.length < most) {
      if (next === queue.length) {
        if (!cycle) break;
        pass++;
        next = 0;
        // Rows that the batch already holds go behind the others, so that no row is in it twice.
        const order = [...shuffled(plan.unlabelledRows, plan, "unlabelled", pass)];
        const held = new Set(batch);
        queue = [...order.filter((row) => !held.has(row)), ...order.filter((row) => held.has(row))];
      }
      batch.push(queue[next++] as number);
    }
    return batch;
  });
}

function shuffled(rows: ArrayLike<number>, plan: BatchPlan, what: string, pass: number): Int32Array {
  const stream = new RandomStream(plan.seed, hash32(`batches/${what}/${plan.epoch}/${pass}`));
  return Int32Array.from(stream.permutation(rows.length), (index) => rows[index] as number);
}
