/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Map;
import java.util.function.Consumer;

/** Blanks as a visible character, which begins words, as SentencePiece has them. */
final class Metaspace implements PreTokenizer {

    /** When a text that does not begin with a blank gets one. */
    enum Prefix {
        /** Each part of it between added tokens. */
        ALWAYS,
        /** What stands at its start. */
        FIRST,
        /** Never. */
        NEVER
    }

    private static final Map<String, Prefix> PREFIXES =
            Map.of("always", Prefix.ALWAYS, "first", Prefix.FIRST, "never", Prefix.NEVER);

    private final int blank;
    private final Prefix prefix;
    private final boolean splits;

    private Metaspace(int blank, Prefix prefix, boolean splits) {
        this.blank = blank;
        this.prefix = prefix;
        this.splits = splits;
    }

    static Metaspace of(Part part) {
        part.ignore("str_rep");
        int blank = part.character("replacement");
        Prefix prefix = part.choice("prepend_scheme", PREFIXES, Prefix.ALWAYS);
        boolean splits = part.flag("split", true);
        if (!part.flag("add_prefix_space", true) && prefix != Prefix.NEVER) {
            throw part.refused("add_prefix_space", "expected prepend_scheme \"never\" beside it");
        }
        return new Metaspace(blank, prefix, splits);
    }

    int blank() {
        return blank;
    }

    Prefix prefix() {
        return prefix;
    }

    @Override
    public void cut(Pieces pieces) {
        pieces.split(this::cut);
    }

    private void cut(AlignedText text, Consumer<AlignedText> parts) {
        AlignedText made =
                Normalizer.mapping(point -> point == ' ' ? blank : point).normalize(text);
        boolean wanted = prefix == Prefix.ALWAYS || prefix == Prefix.FIRST && text.origin() == 0;
        if (wanted && !made.isEmpty() && made.at(0) != blank) {
            made = Normalizers.prepended(made, Character.toString(blank));
        }
        if (splits) {
            SplitBehavior.MERGED_WITH_NEXT.split(made, TextPattern.each(point -> point == blank), false, parts);
        } else {
            parts.accept(made);
        }
    }
}
