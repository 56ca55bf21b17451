/**
 * SwiftShader, a Vulkan driver that runs on the CPU, from the npm package `@sparticuz/chromium`: it makes WebGPU work on machines with
 * neither a GPU nor a Vulkan loader. The package holds it as a compressed archive, which is unpacked once into a per-user cache.
 */
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import koffi from "koffi";
import { extract } from "tar-stream";
import { cacheFolder } from "../../base/cache-folder.ts";

const LOADER = "libvulkan.so.1";
const DRIVER = "libvk_swiftshader.so";
const MANIFEST = "vk_swiftshader_icd.json";
const FILES = [LOADER, DRIVER, MANIFEST];

/** The bundled loader once it is open: koffi closes a library whose handle is collected as garbage, and Dawn would no longer find it. */
let loader: ReturnType<typeof koffi.load> | null = null;

/** Whether the archive has a build for this machine. */
export function hasBundledDriver(): boolean {
  return process.platform === "linux" && process.arch === "x64";
}

/** Whether the system has a Vulkan loader. Asking Dawn instead would print a warning on stderr where there is none. */
export function hasSystemLoader(): boolean {
  return tryLoad(LOADER);
}

/**
 * Makes the next instance of Dawn find SwiftShader and nothing else. A loader that the process has already opened is used as it is: it reads
 * the variables anew for every instance. Otherwise the bundled loader is opened here, by path, and the later search for its name finds it.
 */
export async function useBundledDriver(): Promise<void> {
  const folder = await unpackedFolder();
  // Set before the loader runs. The first name is current, the second is known to older loaders.
  process.env.VK_DRIVER_FILES = join(folder, MANIFEST);
  process.env.VK_ICD_FILENAMES = join(folder, MANIFEST);
  if (loader === null && !hasSystemLoader()) loader = koffi.load(join(folder, LOADER), { global: true });
}

function tryLoad(library: string): boolean {
  try {
    koffi.load(library, { global: true });
    return true;
  } catch {
    return false;
  }
}

/** The folder with the unpacked files; unpacks them when it is missing. */
async function unpackedFolder(): Promise<string> {
  const chromium = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  const archive = join(dirname(chromium), "../../bin/swiftshader.tar.br");
  const packed = await readFile(archive);
  const version = createHash("sha256").update(packed).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(), `swiftshader-${version}`);
  if (await exists(folder)) return folder;
  const parent = await firstWritable([cacheFolder(), tmpdir()]);
  const temporary = await mkdtemp(join(parent, "swiftshader-"));
  await unpack(brotliDecompressSync(packed), temporary);
  if (dirname(folder) !== parent) return temporary;
  try {
    await rename(temporary, folder);
  } catch (error) {
    // Another process was faster: its folder appeared whole, as ours would have.
    if (!(await exists(folder))) throw error;
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

async function firstWritable(folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    try {
      await mkdir(folder, { recursive: true });
      await rm(await mkdtemp(join(folder, "probe-")), { recursive: true });
      return folder;
    } catch {
      // Read-only home directories are common in containers: try the next.
    }
  }
  return tmpdir();
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function unpack(archive: Uint8Array, folder: string): Promise<void> {
  const reader = extract();
  reader.end(archive);
  for await (const entry of reader) {
    const name = FILES.find((file) => entry.header.name === file || entry.header.name === `./${file}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(chunk);
    if (name !== undefined) await writeFile(join(folder, name), Buffer.concat(chunks), { mode: 0o755 });
  }
}
