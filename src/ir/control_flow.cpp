#include "ir/control_flow.h"

namespace cudapy::ir {

bool always_leaves(const Stmt& stmt) {
  switch (stmt.kind) {
    case StmtKind::Return:
    case StmtKind::Break:
    case StmtKind::Continue:
    case StmtKind::Raise:
      return true;
    case StmtKind::If:
      return !stmt.body.empty() && !stmt.else_body.empty() && always_leaves(*stmt.body.back()) &&
             always_leaves(*stmt.else_body.back());
    default:
      return false;
  }
}

}  // namespace cudapy::ir
