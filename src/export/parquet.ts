/** Tables as Parquet files, one typed column for each name. */
import { parquetWriteBuffer } from "hyparquet-writer";

/** Texts, or numbers; null where a row has no value. */
export interface TableColumn {
  readonly name: string;
  readonly type: "STRING" | "FLOAT" | "INT32";
  readonly values: readonly (string | number | null)[];
}

/** The bytes of the file. */
export function parquet(columns: readonly TableColumn[]): Uint8Array<ArrayBuffer> {
  const columnData = columns.map(({ name, type, values }) => ({ name, type, data: [...values] }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
