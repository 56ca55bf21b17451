/** A run's log as what TensorBoard shows: scalars by tag and iteration, the spec as text. */
import { isObject } from "../data/json-shape.ts";
import type { BoardEvent, BoardValue } from "../export/tensorboard.ts";
import type { LogEntry } from "../report/log.ts";
import { numberEntries } from "../report/page/log-points.ts";
import type { RunInfo } from "../report/run-info.ts";
import type { Run } from "./load.ts";

/**
 * Tags: `iteration/LOSS` of every iteration; `train/LOSS` (mean of an epoch), `valid/LOSS` and `valid/METRIC` of every epoch; `selected.valid/…` and
 * `selected.test/…` of the model that the run keeps; `spec` and `run` as texts. The step is the number of iterations done. The log has the duration of epochs:
 * a time is the start of the run and the epochs until then, iterations evenly within theirs. Values that are not defined have no point.
 */
export function boardEvents(run: Run): { readonly started: number; readonly events: readonly BoardEvent[] } {
  const started = Date.parse(run.info.started) / 1000;
  const log = run.history();
  const epochs = log.filter(({ kind }) => kind === "epoch");
  const events: BoardEvent[] = [{ time: started, step: 0, values: texts(run.info) }];
  let time = started;
  let best = 0;
  let first = 0;
  for (const epoch of epochs) {
    const end = Number(epoch.iteration);
    const seconds = Number(epoch.seconds) || 0;
    const own = iterationsOf(log, Number(epoch.epoch));
    for (const entry of own) {
      const step = Number(entry.iteration) + 1;
      const share = end > first ? (step - first) / (end - first) : 1;
      events.push({ time: time + share * seconds, step, values: scalars("iteration", entry.losses) });
    }
    time += seconds;
    first = end;
    const valid = isObject(epoch.valid) ? epoch.valid : {};
    const values = [
      ...scalars("train", epoch.train),
      ...scalars("valid", valid.losses),
      ...scalars("valid", valid.metrics),
    ];
    events.push({ time, step: end, values });
    if (epoch.improved === true) best = end;
  }
  // Of an epoch that was not finished, nothing says how long it took.
  for (const entry of iterationsOf(log, epochs.length))
    events.push({ time, step: Number(entry.iteration) + 1, values: scalars("iteration", entry.losses) });
  for (const [split, { metrics, losses }] of Object.entries(run.metrics())) {
    const tag = `selected.${split}`;
    events.push({ time, step: best, values: [...scalars(tag, losses), ...scalars(tag, metrics)] });
  }
  return { started, events: events.filter(({ values }) => values.length > 0) };
}

function iterationsOf(log: readonly LogEntry[], epoch: number): LogEntry[] {
  return log.filter(({ kind, epoch: own }) => kind === "iteration" && own === epoch);
}

function scalars(group: string, values: unknown): BoardValue[] {
  return [...numberEntries(values)].flatMap(([name, value]): BoardValue[] =>
    Number.isFinite(value) ? [{ kind: "scalar", tag: `${group}/${name}`, value }] : [],
  );
}

/** The spec with its imports left out, and what the run was started with. */
function texts({ sources, spec, ...info }: RunInfo): BoardValue[] {
  const { command, model, settings, sizes, seed, epochs, drop, pretrained, dataset, device, versions } = info;
  const began = {
    command,
    model,
    settings,
    sizes,
    seed,
    epochs,
    drop,
    pretrained,
    dataset,
    device,
    versions,
  };
  const code = (text: string) => text.replace(/^/gm, "    ");
  return [
    { kind: "text", tag: "spec", text: code(sources[spec] ?? "") },
    { kind: "text", tag: "run", text: code(JSON.stringify(began, null, 1)) },
  ];
}
