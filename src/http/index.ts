export { createHttp, type HttpOptions } from './client.ts'
export { type ForeseenRequest, foreseenRequests } from './foresee.ts'
export type { Delivered, Network } from './in-process.ts'
export type {
  Binding,
  Exchange,
  Http,
  HttpAnswer,
  HttpRequest,
  Limits,
  Login,
  LoginHttp,
  Logins,
  SendOptions,
  Session,
  TransportFailed,
} from './model.ts'
export { operationHandlers } from './operation-handlers.ts'
