/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** The parts that a text was cut into; added tokens among them stay as they are. */
final class Pieces {

    /** A part, and the id of the added token that it is, or -1. */
    record Piece(AlignedText text, int added) {}

    private List<Piece> pieces = new ArrayList<>();

    Pieces(AlignedText text) {
        pieces.add(new Piece(text, -1));
    }

    List<Piece> all() {
        return pieces;
    }

    /** Cuts each part that is no added token; empty ones are left out. */
    void split(BiConsumer<AlignedText, Consumer<AlignedText>> cut) {
        splitTokens((text, parts) -> cut.accept(text, part -> parts.accept(new Piece(part, -1))));
    }

    /** Cuts each part that is no added token into parts, some of which are. */
    void splitTokens(BiConsumer<AlignedText, Consumer<Piece>> cut) {
        List<Piece> cuts = new ArrayList<>(pieces.size() + 16);
        for (Piece piece : pieces) {
            if (piece.added >= 0) {
                cuts.add(piece);
            } else {
                cut.accept(piece.text, part -> {
                    if (!part.text.isEmpty()) {
                        cuts.add(part);
                    }
                });
            }
        }
        pieces = cuts;
    }

    /** Rewrites each part that is no added token. */
    void map(UnaryOperator<AlignedText> change) {
        pieces.replaceAll(piece -> piece.added >= 0 ? piece : new Piece(change.apply(piece.text), -1));
    }
}
