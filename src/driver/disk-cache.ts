/**
 * A {@link Cache} in a folder. An entry is a file that is named after its key; it is written under another name first, so that a process that is
 * killed leaves no half of one, and begins with the digest of what follows, so that a damaged one is made again instead of being believed.
 * A folder that cannot be written is no mistake: everything is then made anew.
 */
import { createHash } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import type { Cache } from "../base/cache.ts";

const DIGEST_BYTES = 32;

interface DiskCacheOptions {
  readonly folder: string;
  /** What wrote the entries: those of another compiler are never read. */
  readonly writer: string;
  /** Entries that were not used for longest are removed beyond this. */
  readonly mostBytes: number;
}

export class DiskCache implements Cache {
  readonly #options: DiskCacheOptions;

  constructor(options: DiskCacheOptions) {
    this.#options = options;
  }

  remember<T>(kind: string, key: string, make: () => T): T {
    const name = createHash("sha256")
      .update(JSON.stringify([this.#options.writer, kind, key]))
      .digest("hex");
    const file = join(this.#options.folder, `${kind}-${name.slice(0, 40)}`);
    const found = read(file);
    // The name says who wrote it, for which kind and key, so that it is what `make` gives.
    if (found !== null) return found.value as T;
    const value = make();
    this.#keep(file, value);
    return value;
  }

  #keep(file: string, value: unknown): void {
    const { folder } = this.#options;
    const temporary = `${file}.${process.pid}.tmp`;
    try {
      const bytes = serialize(value);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(temporary, Buffer.concat([digest(bytes), bytes]), { mode: 0o600 });
      renameSync(temporary, file);
      this.#prune();
    } catch {
      // Full or read-only disks, and values that are no data. What was half written goes with the next entries, being the oldest.
    }
  }

  #prune(): void {
    const { folder, mostBytes } = this.#options;
    const entries = readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      const status = statSync(path, { throwIfNoEntry: false });
      return status?.isFile() ? [{ path, bytes: status.size, used: status.mtimeMs }] : [];
    });
    let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { path, bytes } of entries.sort((a, b) => a.used - b.used)) {
      if (total <= mostBytes) return;
      rmSync(path, { force: true });
      total -= bytes;
    }
  }
}

/** The value in a file; null when there is none or it is damaged. */
function read(file: string): { readonly value: unknown } | null {
  try {
    const bytes = readFileSync(file);
    const content = bytes.subarray(DIGEST_BYTES);
    if (!digest(content).equals(bytes.subarray(0, DIGEST_BYTES))) return null;
    const value: unknown = deserialize(content);
    const now = new Date();
    utimesSync(file, now, now);
    return { value };
  } catch {
    return null;
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
