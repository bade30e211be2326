/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Map;
import java.util.function.Consumer;

/** What becomes of the matches at which a text is cut. */
enum SplitBehavior {
    /** They are left out. */
    REMOVED,
    /** Each is a part. */
    ISOLATED,
    /** They belong to the part before. */
    MERGED_WITH_PREVIOUS,
    /** They belong to the part behind. */
    MERGED_WITH_NEXT,
    /** Those beside each other are one part. */
    CONTIGUOUS;

    static final Map<String, SplitBehavior> NAMES = Map.of(
            "Removed", REMOVED,
            "Isolated", ISOLATED,
            "MergedWithPrevious", MERGED_WITH_PREVIOUS,
            "MergedWithNext", MERGED_WITH_NEXT,
            "Contiguous", CONTIGUOUS);

    /** Cuts a text at the matches of a pattern, or, inverted, at what is none. */
    void split(AlignedText text, TextPattern pattern, boolean inverted, Consumer<AlignedText> parts) {
        Cut cut = new Cut(text, inverted, parts);
        pattern.find(text, (start, end) -> {
            cut.upTo(start);
            cut.add(start, end, true);
        });
        cut.upTo(text.to());
        cut.end();
    }

    /** Gathers matches and what lies between into parts, one of which may still grow. */
    private final class Cut {

        private final AlignedText text;
        private final boolean inverted;
        private final Consumer<AlignedText> parts;
        private int reached;
        private int start = -1;
        private int end;
        private boolean match;

        Cut(AlignedText text, boolean inverted, Consumer<AlignedText> parts) {
            this.text = text;
            this.inverted = inverted;
            this.parts = parts;
            this.reached = text.from();
        }

        void upTo(int place) {
            if (place != reached) {
                add(reached, place, false);
            }
        }

        void add(int from, int to, boolean found) {
            reached = to;
            boolean now = found != inverted;
            boolean joins = start >= 0
                    && switch (SplitBehavior.this) {
                        case REMOVED, ISOLATED -> false;
                        case CONTIGUOUS -> now == match;
                        case MERGED_WITH_PREVIOUS -> now && !match;
                        // A match waits for what is none; of several the last one gets it.
                        case MERGED_WITH_NEXT -> match && !now;
                    };
            if (!joins) {
                end();
                start = from;
            }
            end = to;
            match = now;
        }

        void end() {
            boolean left = SplitBehavior.this == REMOVED && match;
            if (start >= 0 && end > start && !left) {
                parts.accept(text.slice(start, end));
            }
        }
    }
}
