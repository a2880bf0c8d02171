//! SQL text as models: header, tables read, graph, selection.
