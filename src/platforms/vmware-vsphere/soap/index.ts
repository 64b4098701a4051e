export { childNamed, type Element, escapeXml, parseXml } from '../../xml.ts'
export { jsonAnswer, soapRequest } from './binding.ts'
export { fromXml, toXml } from './values.ts'
