librunspool_a_SOURCES += \
  shared/import/dagu.c \
  shared/import/dagu.h \
  shared/import/dagu_env.c \
  shared/import/dagu_exec.c \
  shared/import/dagu_step.c \
  shared/import/import.c \
  shared/import/import.h \
  shared/import/n8n.c \
  shared/import/n8n.h \
  shared/import/n8n_data.c \
  shared/import/n8n_expr.c \
  shared/import/n8n_node.c \
  shared/import/n8n_tool.c \
  shared/import/n8n_when.c \
  shared/import/own.h \
  shared/import/yaml_tree.c \
  shared/import/yaml_tree.h
