// Records that nobody changes in place: a change makes another one, and what it leaves alone is shared.

export type Records<T> = Readonly<Record<string, T>>

export const withEntry = <T>(record: Records<T>, name: string, value: T): Records<T> => ({ ...record, [name]: value })

export function without<T>(record: Records<T>, name: string): Records<T> {
  if (!(name in record)) return record
  const { [name]: _, ...rest } = record
  return rest
}

/** Changes fields of an entry, where there is one. */
export function altered<T extends object>(record: Records<T>, name: string, change: Partial<T>): Records<T> {
  const entry = record[name]
  return entry === undefined ? record : { ...record, [name]: { ...entry, ...change } }
}
