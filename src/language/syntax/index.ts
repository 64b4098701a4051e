export {
  closestNode,
  entryOf,
  type RawScalar,
  type ScalarStyle,
  toJson,
  type YamlEntry,
  type YamlList,
  type YamlMap,
  type YamlNode,
  type YamlScalar,
} from './node.ts'
export { type ReadInPart, type ReadYaml, readYaml, readYamlInPart } from './read-yaml.ts'
export { offsetsOf } from './scalar-offsets.ts'
export { templateOf } from './template.ts'
export { writeYaml } from './write-yaml.ts'
