/** .npy and .npz files and HDF5 files of arrays as columns; folders and prefixes may name the splits. */
import { basename } from "node:path";
import { splitNamed } from "../import/manifest.ts";
import { dataError } from "../problem.ts";
import type { StoredArray } from "../readers/array.ts";
import { FileBytes } from "../readers/bytes.ts";
import { Hdf5File } from "../readers/hdf5-file.ts";
import { parseNpy } from "../readers/npy.ts";
import { zipMembers } from "../readers/zip.ts";
import type { Column, Part, Remark } from "./columns.ts";

/** A single array; its column is called as the file. */
export function npyParts(file: string): { parts: Part[]; remarks: Remark[] } {
  const { array, trailing } = parseNpy(new FileBytes(file), { file });
  const remarks =
    trailing > 0 ? [{ what: `bytes behind the values of ${basename(file)}, not read`, count: trailing }] : [];
  const columns = new Map<string, Column>([
    [basename(file).replace(/\.npy$/i, ""), { kind: "array", array }],
  ]);
  return { parts: [{ split: null, columns, place: { file } }], remarks };
}

/** The arrays of an archive. Members are unpacked when they are opened, those that are no array never. */
export function npzParts(file: string): { parts: Part[]; remarks: Remark[] } {
  const members = zipMembers(file, new FileBytes(file));
  const remarks: Remark[] = [];
  const arrays = new Map<string, StoredArray>();
  for (const member of members) {
    const place = { file, within: [`member "${member.name.slice(0, 80)}"`] };
    const name = member.name.replace(/\.npy$/, "");
    if (name === member.name || name.includes("..") || /^[/\\]|^[A-Za-z]:|\0/.test(name)) {
      remarks.push({
        what: "members of the archive that are no arrays of its own, not read",
        count: 1,
        examples: [member.name.slice(0, 80)],
      });
      continue;
    }
    if (arrays.has(name)) throw dataError("data-format", place, "The archive has two members of this name.");
    arrays.set(
      name,
      lazily(place, () => {
        const { array } = parseNpy(member.open(), place);
        return array;
      }),
    );
  }
  if (arrays.size === 0) throw dataError("data-empty", { file }, "The archive holds no arrays.");
  return { parts: bySplit(file, arrays), remarks };
}

/** An array whose header is read when anything about it is asked. */
function lazily(place: StoredArray["place"], open: () => StoredArray): StoredArray {
  let opened: StoredArray | null = null;
  const array = () => {
    opened ??= open();
    return opened;
  };
  return {
    place,
    get shape() {
      return array().shape;
    },
    get type() {
      return array().type;
    },
    get isText() {
      return array().isText;
    },
    numbers: (first, count) => array().numbers(first, count),
    texts: (first, count) => array().texts(first, count),
  };
}

/** The datasets of an HDF5 file, by their paths. */
export async function hdf5Parts(file: string): Promise<{ parts: Part[]; remarks: Remark[] }> {
  return Hdf5File.use(file, (opened) => {
    const paths = opened.datasets("leave");
    if (paths.length === 0)
      throw dataError("data-missing-dataset", { file }, "The file holds no dataset of its own.");
    const arrays = new Map(paths.map((path) => [path, opened.read(path)]));
    const links = opened.datasets("follow").length - paths.length;
    const remarks = links > 0 ? [{ what: "links inside the HDF5 file, not followed", count: links }] : [];
    return { parts: bySplit(file, arrays), remarks };
  });
}

/** Names that begin with a split (`train/audio`, `train.audio`, `train_audio`) belong to it, if all do. */
function bySplit(file: string, arrays: ReadonlyMap<string, StoredArray>): Part[] {
  const entries = [...arrays].map(([name, array]) => ({
    name,
    array,
    match: /^([A-Za-z]+)[/._](.+)$/.exec(name),
  }));
  const prefixed = entries.every(({ match }) => splitNamed(match?.[1] ?? "") !== null);
  const parts = new Map<string | null, Map<string, Column>>();
  for (const { name, array, match } of entries) {
    const split = prefixed ? (match?.[1] ?? null) : null;
    const key = (prefixed ? (match?.[2] ?? name) : name).replaceAll("/", ".");
    const columns = parts.get(split) ?? new Map<string, Column>();
    columns.set(key, { kind: "array", array });
    parts.set(split, columns);
  }
  return [...parts].map(([split, columns]) => ({ split, columns, place: { file } }));
}
