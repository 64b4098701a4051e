// A runbook that holds a thing, parts of it on leases, waits and counts: what the crash tests run.
export const HOLDING = `
  - id: names
    uses: t/list
    with: { count: 2 }
  - id: hold
    scope:
      lock: \${ "things" }
      steps:
        - id: thing
          uses: t/thing.create
          with: { place: '\${ targets.place }', name: '\${ "thing-" & run.id }' }
        - id: each
          foreach:
            in: \${ steps.names.names }
            as: name
            key: \${ name }
            concurrency: 2
            onError: collect
            steps:
              - id: part
                uses: t/part.create
                with: { place: '\${ targets.place }', thing: '\${ steps.thing.handle }', name: '\${ name }' }
              - id: put
                uses: t/put
                with: { name: '\${ name }' }
              - id: pause
                wait: { for: 90s }
              - id: count
                uses: t/count
                with: { name: '\${ name }' }
            yield: { name: '\${ name }' }
      yield: { ok: '\${ steps.each.ok }' }
  - id: after
    uses: t/count
    with: { name: after }
`
