/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.directory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;

/**
 * A model of SentencePiece (Kudo and Richardson 2018, arXiv:1808.06226): its pieces, and what its file says of normalizing.
 *
 * @param source its file
 * @param pieces in the order of their ids
 * @param isBpe true for BPE, false for Unigram
 * @param unknownId the piece that stands for unknown characters
 * @param charsmap what becomes of characters; empty for none
 * @param addsPrefix whether a blank is put before a text
 * @param removesBlanks whether blanks around a text, and all but one of several, are left out
 */
record SentencePieceModel(
        String source,
        List<Piece> pieces,
        boolean isBpe,
        int unknownId,
        byte[] charsmap,
        boolean addsPrefix,
        boolean removesBlanks) {

    /** What a piece is for; in the order of the numbers in the file, which begin at 1. */
    enum Kind {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE
    }

    /** A piece. */
    record Piece(String text, float score, Kind kind) {

        boolean isText() {
            return kind == Kind.NORMAL || kind == Kind.USER_DEFINED;
        }
    }

    /** Those of today have less than five megabytes. */
    private static final int MOST_BYTES = 64 << 20;

    private static final int MOST_PIECES = 4_000_000;

    private static final int UNIGRAM = 1;
    private static final int BPE = 2;

    /** What splitting pieces in two reads at most, in characters; the largest published one has a hundredth of it. */
    private static final long MOST_SPLIT = 1L << 30;

    static SentencePieceModel read(Path file) throws IOException {
        byte[] bytes = RegularFile.bytes(file, "a model of SentencePiece", MOST_BYTES, ModelFormatException::new);
        return new Reading(file.toString()).model(new ProtobufFields(file.toString(), ByteBuffer.wrap(bytes)));
    }

    static ModelFormatException refused(String source, String why) {
        return new ModelFormatException(MessageText.value(source) + ": " + why
                + ". Save the tokenizer as tokenizer.json with Transformers, or take another model."
                + " See docs/troubleshooting.md#tokenizer");
    }

    /** The fields that were read so far, with the defaults of SentencePiece. */
    private static final class Reading {

        private final String source;
        private final List<Piece> pieces = new ArrayList<>();
        private int type = UNIGRAM;
        private int unknownId;
        private boolean suffixes;
        private byte[] charsmap = new byte[0];
        private boolean addsPrefix = true;
        private boolean removesBlanks = true;
        private boolean escapes = true;

        Reading(String source) {
            this.source = source;
        }

        SentencePieceModel model(ProtobufFields fields) throws ModelFormatException {
            while (fields.next()) {
                switch (fields.number()) {
                    case 1 -> addPiece(fields.message());
                    case 2 -> readTraining(fields.message());
                    case 3 -> readNormalizing(fields.message());
                    // Sentences that the trainer checked, rules for detokenizing, and extensions.
                    default -> {}
                }
            }
            if (type != UNIGRAM && type != BPE) {
                throw refused(source, "trainer_spec.model_type is " + type + "; expected 1, Unigram, or 2, BPE");
            }
            if (suffixes) {
                throw refused(source, "trainer_spec.treat_whitespace_as_suffix is true; expected false");
            }
            if (!escapes) {
                throw refused(source, "normalizer_spec.escape_whitespaces is false; expected true");
            }
            if (unknownId < 0
                    || unknownId >= pieces.size()
                    || pieces.get(unknownId).kind() != Kind.UNKNOWN) {
                throw refused(
                        source,
                        "trainer_spec.unk_id is " + unknownId + "; expected the unknown one of the " + pieces.size()
                                + " pieces");
            }
            return new SentencePieceModel(
                    source, List.copyOf(pieces), type == BPE, unknownId, charsmap, addsPrefix, removesBlanks);
        }

        private void addPiece(ProtobufFields fields) throws ModelFormatException {
            String text = "";
            float score = 0;
            int kind = 1;
            while (fields.next()) {
                switch (fields.number()) {
                    case 1 -> text = fields.text();
                    case 2 -> score = fields.real();
                    case 3 -> kind = fields.integer();
                    default -> {}
                }
            }
            String where = "pieces[" + pieces.size() + "]";
            if (pieces.size() == MOST_PIECES) {
                throw refused(source, "there are more than " + MOST_PIECES + " pieces; expected fewer");
            }
            if (text.isEmpty() || !Float.isFinite(score)) {
                throw refused(
                        source,
                        where + " is " + MessageText.name(text) + " with the score " + score
                                + "; expected a text with a finite score");
            }
            if (kind < 1 || kind > Kind.values().length || Kind.values()[kind - 1] == Kind.UNUSED) {
                throw refused(source, where + ".type is " + kind + "; expected 1, 2, 3, 4 or 6");
            }
            pieces.add(new Piece(text, score, Kind.values()[kind - 1]));
        }

        private void readTraining(ProtobufFields fields) throws ModelFormatException {
            while (fields.next()) {
                switch (fields.number()) {
                    case 3 -> type = fields.integer();
                    case 24 -> suffixes = fields.flag();
                    case 40 -> unknownId = fields.integer();
                    default -> {}
                }
            }
        }

        private void readNormalizing(ProtobufFields fields) throws ModelFormatException {
            while (fields.next()) {
                switch (fields.number()) {
                    case 2 -> charsmap = fields.bytes();
                    case 3 -> addsPrefix = fields.flag();
                    case 4 -> removesBlanks = fields.flag();
                    case 5 -> escapes = fields.flag();
                    default -> {}
                }
            }
        }
    }

    /** Two pieces that make another one, with its score. */
    private record Merge(String first, String second, float score, int firstId, int secondId) {}

    /**
     * The merges of BPE, which SentencePiece does not keep: all ways to make a piece of two, those of higher scores first.
     *
     * @return the first and the second piece of each merge
     */
    List<List<String>> merges() throws ModelFormatException {
        long split = pieces.stream()
                .mapToLong(piece -> (long) piece.text().length() * piece.text().length())
                .sum();
        if (split > MOST_SPLIT) {
            throw refused(
                    source,
                    "its pieces are so long that finding merges reads " + split + " characters; expected at most "
                            + MOST_SPLIT);
        }
        Map<String, Integer> ids = new HashMap<>();
        for (int i = 0; i < pieces.size(); i++) {
            if (pieces.get(i).isText()) {
                ids.put(pieces.get(i).text(), i);
            }
        }
        List<Merge> merges = new ArrayList<>();
        for (Piece piece : pieces) {
            if (piece.isText()) {
                addMerges(piece, ids, merges);
            }
        }
        merges.sort((a, b) -> {
            int order = Float.compare(b.score, a.score);
            order = order == 0 ? Integer.compare(points(b.first), points(a.first)) : order;
            return order == 0 ? Integer.compare(points(b.second), points(a.second)) : order;
        });
        return merges.stream().map(merge -> List.of(merge.first, merge.second)).toList();
    }

    private static int points(String text) {
        return text.codePointCount(0, text.length());
    }

    private static void addMerges(Piece piece, Map<String, Integer> ids, List<Merge> merges) {
        List<Merge> of = new ArrayList<>();
        String text = piece.text();
        for (int i = text.offsetByCodePoints(0, 1); i < text.length(); i = text.offsetByCodePoints(i, 1)) {
            Integer first = ids.get(text.substring(0, i));
            Integer second = first == null ? null : ids.get(text.substring(i));
            if (second != null) {
                of.add(new Merge(text.substring(0, i), text.substring(i), piece.score(), first, second));
            }
        }
        of.sort((a, b) -> {
            int order = Integer.compare(a.firstId, b.firstId);
            return order == 0 ? Integer.compare(a.secondId, b.secondId) : order;
        });
        merges.addAll(of);
    }
}
