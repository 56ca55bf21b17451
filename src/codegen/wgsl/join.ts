/**
 * Several kernels as one module: each keeps its code as a function, and a range of workgroups runs it. Which workgroup runs which kernel is the same for all of
 * its invocations, so that barriers stay where all of them come by.
 */
import { at, invariant } from "../../base/invariant.ts";
import type { TargetDescriptor } from "../descriptor.ts";
import type { KernelSourceLoader, WgslKernel } from "../target.ts";
import { operandName } from "./expressions.ts";
import { preludeFor } from "./prelude.ts";
import { foldGrid } from "./schedule.ts";
import { entryPoint } from "./text.ts";

/** A kernel in a module with others. */
export interface JointPart {
  readonly code: WgslKernel;
  /** For each of its operands, the binding of the module. */
  readonly bindings: readonly number[];
}

/** Whether invocations of a workgroup work together, so that none may be missing. */
export function worksTogether({ body }: WgslKernel): boolean {
  return /Barrier\(|var<workgroup>|subgroup/.test(body);
}

/** One module for kernels that do not depend on each other. Their workgroups are equally large, or need not be whole. */
export function joinKernels(
  parts: readonly JointPart[],
  descriptor: TargetDescriptor,
  loadKernelSource: KernelSourceLoader,
): WgslKernel {
  const workgroupSize = Math.max(...parts.map(({ code }) => code.workgroupSize));
  const elements: string[] = [];
  const bindingBytes: number[] = [];
  for (const { code, bindings } of parts)
    for (const [operand, binding] of bindings.entries()) {
      elements[binding] = at(code.elements, operand);
      bindingBytes[binding] = at(code.bindingBytes, operand);
    }
  const functions = parts.map((part, index) => partFunction(part, index, workgroupSize));
  const counts = parts.map(({ code }) => code.workgroups.reduce((product, count) => product * count, 1));
  const workgroups = foldGrid(
    counts.reduce((sum, count) => sum + count, 0),
    descriptor,
  );
  const body = [...functions, ...dispatcher(parts, counts, workgroupSize, workgroups[0])].join("\n");
  const name = parts.map(({ code }) => code.name).join(" + ");
  return {
    name,
    workgroupSize,
    workgroups,
    bindingBytes,
    elements,
    body,
    wgsl: moduleText(elements, body, loadKernelSource),
  };
}

/** Bindings, prelude functions and body. */
export function moduleText(
  elements: readonly string[],
  body: string,
  loadKernelSource: KernelSourceLoader,
): string {
  const bindings = elements.map(
    (element, position) =>
      `@group(0) @binding(${position}) var<storage, read_write> ${operandName(position)}: array<${element}>;`,
  );
  const prelude = preludeFor(body, loadKernelSource("prelude.wgsl"));
  return [...bindings, ...(prelude === "" ? [] : [prelude]), body, ""].join("\n");
}

/** The code of a kernel as a function, with names that no other part has. */
function partFunction({ code, bindings }: JointPart, index: number, size: number): string {
  const own = code.workgroupSize;
  const entry = entryPoint(own);
  invariant(code.body.includes(entry), `kernel ${code.name} begins in another way than all others`);
  const surplus = own < size ? `\n  if (local >= ${own}u) { return; }` : "";
  let text = code.body.replace(entry, `fn part${index}(group: vec3<u32>, local: u32) {${surplus}`);
  const names = [...code.body.matchAll(/^(?:fn|const|var<\w+>)\s+(\w+)/gm)].map(([, name]) => name);
  for (const name of new Set(names))
    if (name !== "main") text = text.replace(new RegExp(`\\b${name}\\b`, "g"), `${name}_${index}`);
  return text.replace(/\boperand(\d+)\b/g, (_, operand) => operandName(at(bindings, Number(operand))));
}

function dispatcher(
  parts: readonly JointPart[],
  counts: readonly number[],
  size: number,
  gridX: number,
): readonly string[] {
  let first = 0;
  const branches = parts.map(({ code }, index) => {
    const [x, y] = code.workgroups;
    const start = first;
    first += at(counts, index);
    const own = start === 0 ? "place" : `(place - ${start}u)`;
    const group = `vec3<u32>(${own} % ${x}u, ${own} / ${x}u % ${y}u, ${own} / ${x * y}u)`;
    return `if (place < ${first}u) { part${index}(${group}, local); return; }`;
  });
  return [
    entryPoint(size),
    `  let place = group.y * ${gridX}u + group.x;`,
    ...branches.map((branch) => `  ${branch}`),
    "}",
  ];
}
