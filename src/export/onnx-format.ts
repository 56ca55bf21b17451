/** ONNX models as protocol buffers: the messages of onnx.proto that an export needs, with their field numbers. */
import { PbfWriter } from "pbf";
import { bytesOf } from "../data/files.ts";

/** `TensorProto.DataType`. */
export const TYPES = { f32: 1, i32: 6, i64: 7, bool: 9 } as const;
export type OnnxType = keyof typeof TYPES;

/** The version of the format, and of the operator set whose operators are used. */
const IR_VERSION = 8;
export const OPSET = 17;

export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
}

export type OnnxAttribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "graph"; readonly value: OnnxGraph };

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  /** Where it comes from. */
  readonly doc?: string;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** A whole model file. */
export function encodeModel(
  graph: OnnxGraph,
  producer: { readonly name: string; readonly version: string },
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, IR_VERSION);
  pbf.writeStringField(2, producer.name);
  pbf.writeStringField(3, producer.version);
  pbf.writeMessage(7, writeGraph, graph);
  pbf.writeMessage(8, (opset, out) => out.writeVarintField(2, opset), OPSET);
  for (const pair of Object.entries(metadata)) pbf.writeMessage(14, writePair, pair);
  return Uint8Array.from(pbf.finish());
}

function writePair([key, value]: readonly [string, string], pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

function writeGraph(graph: OnnxGraph, pbf: PbfWriter): void {
  for (const node of graph.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, graph.name);
  for (const tensor of graph.tensors) pbf.writeMessage(5, writeTensor, tensor);
  for (const value of graph.inputs) pbf.writeMessage(11, writeValue, value);
  for (const value of graph.outputs) pbf.writeMessage(12, writeValue, value);
}

function writeNode({ op, inputs, outputs, attributes = {}, doc }: OnnxNode, pbf: PbfWriter): void {
  for (const name of inputs) pbf.writeStringField(1, name);
  for (const name of outputs) pbf.writeStringField(2, name);
  pbf.writeStringField(4, op);
  for (const attribute of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, attribute);
  if (doc !== undefined) pbf.writeStringField(6, doc);
}

/** `AttributeProto`: the value in the field of its type, and the type's number in field 20. */
function writeAttribute([name, { kind, value }]: readonly [string, OnnxAttribute], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  switch (kind) {
    case "int":
      pbf.writeVarintField(3, value);
      pbf.writeVarintField(20, 2);
      return;
    case "ints":
      for (const item of value) pbf.writeVarintField(8, item);
      pbf.writeVarintField(20, 7);
      return;
    case "graph":
      pbf.writeMessage(6, writeGraph, value);
      pbf.writeVarintField(20, 5);
      return;
  }
}

function writeTensor({ name, type, shape, data }: OnnxTensor, pbf: PbfWriter): void {
  for (const extent of shape) pbf.writeVarintField(1, extent);
  pbf.writeVarintField(2, TYPES[type]);
  pbf.writeStringField(8, name);
  pbf.writeBytesField(9, bytesOf(data));
}

function writeValue({ name, type, shape }: OnnxValue, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, writeTensorType, { type, shape });
}

/** `TypeProto` of a tensor: the element type, and an extent for every axis. */
function writeTensorType({ type, shape }: Omit<OnnxValue, "name">, pbf: PbfWriter): void {
  pbf.writeMessage(
    1,
    (_, tensor) => {
      tensor.writeVarintField(1, TYPES[type]);
      tensor.writeMessage(
        2,
        (extents, dims) => {
          for (const extent of extents)
            dims.writeMessage(1, (value, dim) => dim.writeVarintField(1, value), extent);
        },
        shape,
      );
    },
    null,
  );
}
