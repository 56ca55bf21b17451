/**
 * Computational sequences of the CMU-MultimodalSDK (`.csd`): per key (a video or segment) features with a time
 * interval each. The segments of one sequence, the labels, become rows; the steps of the others join them by id or
 * by time.
 */
import { DataProblems, dataError, listNames } from "../problem.ts";
import { allNumbers, numberArray, type StoredArray, textArray } from "../readers/array.ts";
import { Hdf5File } from "../readers/hdf5-file.ts";
import type { Column, Part, Remark } from "./columns.ts";

interface Entry {
  readonly features: StoredArray;
  /** Start and end of each step, in order of the features. */
  readonly times: Float64Array;
  /** Steps in order of their start. */
  readonly order: readonly number[];
}

export interface Sequence {
  readonly file: string;
  readonly name: string;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** Whether the file is laid out as a computational sequence. */
export async function isSequenceFile(file: string): Promise<boolean> {
  return Hdf5File.use(file, (opened) => {
    const [root] = opened.names("") ?? [];
    if (root === undefined) return false;
    const data = opened.names(`${root}/data`);
    if (data === null) return false;
    const first = data[0];
    return first === undefined || (opened.names(`${root}/data/${first}`)?.includes("features") ?? false);
  });
}

/** Reads a sequence whole. Rows without intervals, or not as many of them, are UserErrors that name the key. */
export async function readSequence(file: string, remarks: Remark[]): Promise<Sequence> {
  return Hdf5File.use(file, (opened) => {
    const [root = ""] = opened.names("") ?? [];
    const keys = opened.names(`${root}/data`);
    if (keys === null || keys.length === 0) {
      const place = { file, within: [`group "${root}"`] };
      throw dataError(
        "data-format",
        place,
        "The file is no computational sequence: it has no `data` with keys.",
      );
    }
    const problems = new DataProblems();
    const entries = new Map<string, Entry>();
    for (const key of keys) {
      const entry = problems.attempt(() => readEntry(opened, file, `${root}/data/${key}`, key, remarks));
      if (entry !== null) entries.set(key, entry);
    }
    problems.throwIfAny();
    return { file, name: root, entries };
  });
}

function readEntry(opened: Hdf5File, file: string, path: string, key: string, remarks: Remark[]): Entry {
  const place = { file, within: [`key "${key}"`] };
  const names = opened.names(path) ?? [];
  for (const name of ["features", "intervals"]) {
    if (!names.includes(name))
      throw dataError(
        "data-missing-dataset",
        place,
        `The key has no \`${name}\`. It has ${listNames(names)}.`,
      );
  }
  const features = opened.read(`${path}/features`);
  const intervals = opened.read(`${path}/intervals`);
  const rows = features.shape[0] ?? 0;
  const shape = intervals.shape;
  if (features.shape.length !== 2 || shape.length !== 2 || shape[1] !== 2 || shape[0] !== rows) {
    throw dataError(
      "data-shape",
      place,
      `\`features\` has the shape [${features.shape.join(", ")}], \`intervals\` [${shape.join(", ")}]; [steps, numbers] and [steps, 2] were expected.`,
    );
  }
  const times = allNumbers(intervals);
  const order = Array.from({ length: rows }, (_, row) => row);
  order.sort((a, b) => (times[2 * a] ?? 0) - (times[2 * b] ?? 0) || a - b);
  if (order.some((row, index) => row !== index))
    remarks.push({
      what: "keys whose steps are not in order of time, put in order",
      count: 1,
      examples: [key],
    });
  const backwards = order.filter((row) => !((times[2 * row + 1] ?? 0) >= (times[2 * row] ?? 0))).length;
  if (backwards > 0)
    remarks.push({
      what: "steps whose interval ends before it begins, or is no number",
      count: backwards,
      examples: [key],
    });
  return { features: { ...features, place }, times, order };
}

/** One row: a segment of the sequence that rows are taken from. */
interface Segment {
  readonly id: string;
  readonly key: string;
  readonly start: number;
  readonly end: number;
  /** Position in the sequence that gives the rows; null for all of its steps. */
  readonly step: number | null;
}

/**
 * Joins sequences. `align` names the sequence whose steps are the rows; by default the one called labels. Without
 * one every key of the first sequence is a row with all of its steps.
 */
export function alignSequences(
  sequences: readonly Sequence[],
  align: string | null,
  remarks: Remark[],
): Part {
  const isLabels = ({ name }: Sequence) => (align === null ? /label/i.test(name) : name === align);
  const reference = sequences.find(isLabels) ?? null;
  const [first] = sequences;
  const place = { file: (reference ?? first)?.file ?? "" };
  if (align !== null && reference === null) {
    const known = listNames(sequences.map(({ name }) => name));
    throw dataError("data-join", place, `There is no sequence \`${align}\` to align to. There are ${known}.`);
  }
  const segments = reference === null ? wholeKeys(first) : segmentsOf(reference);
  const ids = segments.map(({ id }) => id);
  const columns = new Map<string, Column>([
    ["id", { kind: "array", array: textArray(ids, [ids.length], place) }],
  ]);
  for (const sequence of sequences) {
    const name = /label/i.test(sequence.name)
      ? "y"
      : sequence.name.replace(/\W+/g, "_").replace(/^(?=\d)/, "_");
    const used = new Map<string, Set<number>>();
    const rows = segments.map((segment) => {
      const steps =
        sequence === reference ? (segment.step === null ? [] : [segment.step]) : stepsOf(sequence, segment);
      const key = sequence.entries.has(segment.id) ? segment.id : segment.key;
      for (const step of steps) used.set(key, (used.get(key) ?? new Set()).add(step));
      const entry = sequence.entries.get(key);
      return entry === undefined || steps.length === 0 ? null : pick(entry, steps, sequence === reference);
    });
    const outside = [...sequence.entries].reduce(
      (sum, [key, { order }]) => sum + order.length - (used.get(key)?.size ?? 0),
      0,
    );
    if (outside > 0)
      remarks.push({
        what: `steps of \`${sequence.name}\` that lie in no segment, left out`,
        count: outside,
      });
    columns.set(name, { kind: "rows", rows, place: { file: sequence.file } });
  }
  return { split: null, columns, place };
}

function wholeKeys(sequence: Sequence | undefined): Segment[] {
  return [...(sequence?.entries.keys() ?? [])].map((key) => ({
    id: key,
    key,
    start: -Infinity,
    end: Infinity,
    step: null,
  }));
}

/** A key that has one step, or that ends in its number already, is the id; otherwise `key[number]` as the SDK has it. */
function segmentsOf(sequence: Sequence): Segment[] {
  return [...sequence.entries].flatMap(([key, { times, order }]) =>
    order.map((step, index) => ({
      id: order.length === 1 && /\[\d+\]$/.test(key) ? key : `${key}[${index}]`,
      key,
      start: times[2 * step] ?? 0,
      end: times[2 * step + 1] ?? 0,
      step,
    })),
  );
}

/**
 * The steps of a sequence that belong to a segment: all of the key with the segment's id; of the video's key those
 * that overlap the segment by at least half of the shorter of the two.
 */
function stepsOf(sequence: Sequence, segment: Segment): number[] {
  const own = sequence.entries.get(segment.id);
  if (own !== undefined) return [...own.order];
  const entry = sequence.entries.get(segment.key);
  if (entry === undefined) return [];
  return entry.order.filter((step) => {
    const [start = 0, end = 0] = entry.times.subarray(2 * step, 2 * step + 2);
    const overlap = Math.min(end, segment.end) - Math.max(start, segment.start);
    // Times are sums of durations in binary fractions: equal halves must not depend on the last digit.
    return overlap > 0 && overlap >= 0.5 * Math.min(end - start, segment.end - segment.start) - 1e-9;
  });
}

/** Some steps as an array [steps, width]; a label of one number as [width]. */
function pick(entry: Entry, steps: readonly number[], isLabel: boolean): StoredArray {
  const { features } = entry;
  const width = features.shape[1] ?? 1;
  if (features.isText) {
    const texts = steps.flatMap((step) => features.texts(step * width, width));
    return textArray(texts, [texts.length], features.place);
  }
  const data = new Float64Array(steps.length * width);
  steps.forEach((step, index) => {
    data.set(features.numbers(step * width, width), index * width);
  });
  const shape = isLabel ? (width === 1 ? [] : [width]) : [steps.length, width];
  return numberArray(data, shape, features.type, features.place);
}
