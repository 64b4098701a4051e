// The two envelopes, told apart by the date in the path. [S1]
import type { Json, JsonObject } from '../../../values/index.ts'
import type { Refusal } from './model.ts'

/** Dates from 20240725 on answer with `errcode`. */
const isLate = (path: string): boolean => Number(/^\/janus\/(\d{8})\//.exec(path)?.[1] ?? 0) >= 20_240_725

export const answerOf = (path: string, data: Json): JsonObject =>
  isLate(path) ? { errcode: '', data, message: '' } : { code: 0, data, message: '' }

export const refusalOf = (path: string, { status, message }: Refusal): JsonObject =>
  isLate(path) ? { errcode: String(status), data: {}, message } : { code: status, data: {}, message }
