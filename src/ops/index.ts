/** The primitives: one record for every name in `src/ir/op-table.ts`. */
import type { OpRecords } from "../ir/op.ts";
import * as binary from "./binary.ts";
import * as gru from "./gru.ts";
import * as indexing from "./indexing.ts";
import * as leaves from "./leaves.ts";
import * as lstm from "./lstm.ts";
import { matmul } from "./matmul.ts";
import * as reductions from "./reductions.ts";
import { scanRecord } from "./scan.ts";
import * as sorting from "./sorting.ts";
import { sparsemax } from "./sparsemax.ts";
import * as triangular from "./triangular.ts";
import * as unary from "./unary.ts";
import * as views from "./views.ts";

export const ops: OpRecords = {
  ...leaves,
  ...unary,
  ...binary,
  ...views,
  ...reductions,
  matmul,
  ...indexing,
  sparsemax,
  ...sorting,
  ...triangular,
  ...lstm,
  ...gru,
  scan: scanRecord(() => ops),
};
