#include "bridge/topic_shown.h"
#include <stdlib.h>

struct topic_shown *topic_shown_ref(struct topic_shown *shown)
{
    shown->refs++;
    return shown;
}

void topic_shown_unref(struct topic_shown *shown)
{
    if (!shown || --shown->refs > 0)
        return;
    for (size_t i = 0; i < FRAME_NONE; i++)
        block_unref(shown->blocks[i]);
    for (size_t i = 0; i < FRAME_NONE; i++)
        block_unref(shown->compressed[i]);
    topic_state_release(&shown->state);
    free(shown);
}

struct block *topic_shown_block(struct topic_shown *shown, enum frame_format format)
{
    struct block *block = shown->blocks[format];
    if (block)
        return block;
    block = block_new(DIALECT_TEXT_MAX + BLOCK_BYTES_MAX);
    if (block && block_put(block, format, shown->state.id, shown->state.message.data, shown->state.message.len) != RS_OK) {
        block_unref(block);
        block = NULL;
    }
    shown->blocks[format] = block;
    return block;
}

struct block *topic_shown_compressed(struct topic_shown *shown, struct deflater *deflater, enum frame_format format)
{
    const struct block *plain = topic_shown_block(shown, format);
    if (plain && !shown->compressed[format])
        shown->compressed[format] = deflate_block(deflater, format, COMPRESSION_EACH, NULL, false, plain);
    return shown->compressed[format];
}
