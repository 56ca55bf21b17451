/**
 * The library: specs are compiled and trained, runs are loaded and asked, from a program as from the command line. Nothing is printed and
 * nothing is kept between calls. Mistakes of the user's input are thrown as {@link UserError}; {@link renderDiagnostics} writes its
 * `problems` as the commands do.
 */

export { loadDataset, writeDataset } from "../data/dataset.ts";
export type { ArraysDescription, FieldDescription, FieldRows } from "../data/from-arrays.ts";
export { datasetFromArrays } from "../data/from-arrays.ts";
export type { GaussianPairsOptions } from "../data/gaussian-pairs.ts";
export { gaussianInformation, gaussianPairs } from "../data/gaussian-pairs.ts";
export type { Tensor } from "../data/safetensors.ts";
export type { Dataset, Field, FieldSpec, Split } from "../data/schema.ts";
export type { SyntheticOptions } from "../data/synthetic.ts";
export { synthesize } from "../data/synthetic.ts";
export type { RowChoice } from "../data/take-rows.ts";
export { takeRows } from "../data/take-rows.ts";
export type { Diagnostic } from "../diagnostics/diagnostic.ts";
export { UserError } from "../diagnostics/problems.ts";
export { renderDiagnostics } from "../diagnostics/render.ts";
export type { Disentanglement } from "../report/disentanglement.ts";
export type { FigurePanel, FigurePoint, FigureSeries } from "../report/page/figure.ts";
export { figure } from "../report/page/figure.ts";
export type { EpochEvent, IterationEvent } from "../train/loop.ts";
export type { Compiled, CompileOptions } from "./compile.ts";
export { check, compile } from "./compile.ts";
export type { GivenData } from "./dataset.ts";
export type { DeviceChoice } from "./devices.ts";
export type { DisentangleOptions } from "./disentangle.ts";
export { disentangle } from "./disentangle.ts";
export type { Exported, ExportFormat, ExportOptions } from "./export.ts";
export { exportRun } from "./export.ts";
export type { Run, SplitMetrics } from "./load.ts";
export { load } from "./load.ts";
export type { DeviceOptions, SpecOptions } from "./options.ts";
export type { PredictOptions, SplitPrediction } from "./predict.ts";
export { predict } from "./predict.ts";
export type { GivenSpec } from "./sources.ts";
export type { ResumeOptions, TrainCallbacks, TrainOptions } from "./train.ts";
export { resume, train } from "./train.ts";
