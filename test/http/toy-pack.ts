// A small REST platform as a pack: things that are made by tasks, listed in pages and read back.
import { type Pack, parsePack } from '../../src/packs/index.ts'

const manifest = `
pack: 1
name: toy
version: 1.0.0
title: Toy
openapi: openapi.yaml
connections:
  Connection:
    title: Toy server
    auth: toy/login
    properties:
      url: { type: string }
      password: { type: string, x-secret: true }
      caCertificate: { type: string }
      requestTimeout: { type: string }
    required: [url]
    limits: { getPerMinute: 600, otherPerMinute: 100 }
completions:
  task:
    id: \${ response.body.task }
    operation: getTask
    request: { path: { task: '\${ id }' } }
    task: \${ response.body }
    done: \${ task.status = "finish" }
    failed: \${ task.status = "failure" }
    every: 2s
pagings:
  pages:
    next: '\${ (response.body.next ?? null) != null ? { "page": response.body.next } }'
    items: \${ response.body.things }
failures:
  notFound: { message: there is no such thing, when: '\${ response.status = 404 }' }
  busy: { message: the toy is busy, when: '\${ response.body.code = "BUSY" }', retryable: true, applied: no }
  full: { message: the toy box is full, when: '\${ task.reason = "full" }', applied: no, hint: Empty it. }
resources:
  Thing:
    title: Thing
    identity: [name]
    find: thing.find
    release: { action: thing.delete, idempotent: true, gone: [notFound] }
actions:
  thing.get:
    title: Read one thing
    source: Toy guide 1
    effect: read
    input: { required: [toy, id], properties: { toy: { x-connection: Connection }, id: { type: string } } }
    output: { required: [name], properties: { name: { type: string }, tags: { type: array, items: { type: string } } } }
    operation: getThing
    request: { path: { id: '\${ input.id }' } }
    result: { name: '\${ response.body.name }', tags: '\${ response.body.tags.label }' }
    failures:
      forbidden: { message: this thing is secret, when: '\${ response.status = 404 and response.body.code = "SECRET" }' }
  thing.list:
    title: List things
    source: Toy guide 2
    effect: read
    input: { required: [toy], properties: { toy: { x-connection: Connection }, kind: { type: string } } }
    output: { required: [names], properties: { names: { type: array, items: { type: string } } } }
    operation: listThings
    request: { query: { kind: '\${ input.kind }' } }
    pages: pages
    result: { names: '\${ items.name }' }
  thing.find:
    title: Find a thing by name
    source: Toy guide 2
    effect: read
    input: { required: [toy, name], properties: { toy: { x-connection: Connection }, name: { type: string } } }
    output: { required: [found], properties: { found: { type: boolean }, id: { type: string } } }
    operation: listThings
    request: { query: { name: '\${ input.name }' } }
    result: { found: '\${ $count(response.body.things) > 0 }', id: '\${ response.body.things[0].id }' }
  thing.create:
    title: Make a thing
    source: Toy guide 3
    effect: acquire
    resource: Thing
    idempotent: keyed
    keyLifetime: 15m
    input: { required: [toy, name], properties: { toy: { x-connection: Connection }, name: { type: string }, sizes: { type: array, items: { type: integer } } } }
    output: { required: [id], properties: { id: { type: string }, key: { type: string } } }
    operation: createThing
    request:
      headers: { X-Client-Token: '\${ attempt.key }' }
      body: { name: '\${ input.name }', sizes: '\${ input.sizes }' }
    completes: task
    readBack: { action: thing.find, until: '\${ result.found and $exists(result.id) }', every: 1s }
    result: { id: '\${ readBack.id }', key: '\${ response.body.key }' }
  thing.rename:
    title: Rename a thing
    source: Toy guide 4
    effect: mutate
    input: { required: [toy, id, name], properties: { toy: { x-connection: Connection }, id: { type: string }, name: { type: string } } }
    output: { properties: {} }
    operation: renameThing
    request: { path: { id: '\${ input.id }' }, body: { name: '\${ input.name }' } }
    result: {}
  thing.photograph:
    title: Keep a picture of a thing
    source: Toy guide 6
    effect: mutate
    idempotent: true
    input: { required: [toy, id, album], properties: { toy: { x-connection: Connection }, id: { type: string }, album: { x-connection: shelf/Album } } }
    output: { required: [picture], properties: { picture: { type: string } } }
    operation: getPicture
    request: { path: { id: '\${ input.id }' } }
    bodyInto: { album: '\${ input.album }' }
    result: { picture: '\${ kept.picture }' }
  thing.paint:
    title: Give a thing a picture
    source: Toy guide 7
    effect: mutate
    idempotent: true
    input: { required: [toy, id, picture], properties: { toy: { x-connection: Connection }, id: { type: string }, picture: { type: string } } }
    output: { properties: {} }
    operation: putPicture
    request: { path: { id: '\${ input.id }' }, bodyFrom: { picture: '\${ input.picture }' } }
    result: {}
  thing.delete:
    title: Delete a thing
    source: Toy guide 5
    effect: release
    resource: Thing
    input: { required: [toy, id], properties: { toy: { x-connection: Connection }, id: { type: string } } }
    output: { properties: {} }
    operation: deleteThing
    request: { path: { id: '\${ input.id }' } }
    completes: task
    result: {}
`

const openapi = `
openapi: 3.1.0
info: { title: Toy, version: '1' }
paths:
  /things:
    get:
      operationId: listThings
      parameters:
        - { name: page, in: query, schema: { type: integer } }
        - { name: kind, in: query, schema: { type: string } }
        - { name: name, in: query, schema: { type: string } }
      responses:
        '200': { $ref: '#/components/responses/Things' }
    post:
      operationId: createThing
      parameters: [{ name: X-Client-Token, in: header, schema: { type: string } }]
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name]
              properties: { name: { type: string, minLength: 2 }, sizes: { type: array, items: { type: integer } } }
      responses:
        '201':
          description: Started
          content: { application/json: { schema: { type: object, properties: { task: { type: string }, key: { type: string } } } } }
  /things/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get:
      operationId: getThing
      responses:
        '200': { description: A thing, content: { application/json: { schema: { $ref: '#/components/schemas/Thing' } } } }
    patch:
      operationId: renameThing
      requestBody: { required: true, content: { application/json: { schema: { type: object } } } }
      responses:
        '200': { description: Renamed, content: { application/json: { schema: { type: object, required: [ok] } } } }
    delete:
      operationId: deleteThing
      responses:
        '204': { description: Deleted, content: { application/json: { schema: { type: object } } } }
  /things/{id}/picture:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get:
      operationId: getPicture
      responses:
        '200': { description: A picture, content: { application/octet-stream: { schema: { type: string, maxLength: 1000 } } } }
    put:
      operationId: putPicture
      requestBody: { required: true, content: { application/octet-stream: { schema: { type: string, maxLength: 1000 } } } }
      responses:
        '204': { description: Taken }
  /tasks/{task}:
    get:
      operationId: getTask
      parameters: [{ name: task, in: path, required: true, schema: { type: string } }]
      responses:
        '200':
          description: A task
          content: { application/json: { schema: { type: object, required: [status], properties: { status: { type: string }, reason: { type: string } } } } }
components:
  responses:
    Things:
      description: A page
      content:
        application/json:
          schema:
            type: object
            required: [things]
            properties: { things: { type: array, items: { $ref: '#/components/schemas/Thing' } }, next: {} }
  schemas:
    Thing:
      type: object
      required: [id, name]
      properties: { id: { type: string }, name: { type: string }, tags: {} }
`

export async function toyPack(): Promise<Pack> {
  const { pack, diagnostics } = await parsePack({ file: 'pack.yaml', text: manifest }, { file: 'openapi.yaml', text: openapi })
  if (!pack) throw new Error(JSON.stringify(diagnostics, null, 1))
  return pack
}
