/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.internal.onednn.Form;
import org.lora4j.internal.onednn.MemoryLayout;
import org.lora4j.internal.onednn.Term;

/**
 * Which library computes which kind of FLOAT products, since none is the fastest everywhere: oneDNN, or the OpenBLAS of ND4J.
 *
 * <p>A choice decides about bits. It depends on the sizes that a model has, and on how matrices lie, never on how many rows are
 * multiplied together, so that rows give what they give in another batch. See {@code docs/processors.md}.
 *
 * @param layers inputs of layers with their weights, and gradients with these: all products but the following
 * @param updates what an adapter adds to a result of more than {@value #THIN} columns: the sum over at most {@value #THIN} values
 * @param gradients gradients of weights, of more than {@value #THIN} rows and columns, summed over the rows of a batch
 * @apiNote Status: experimental
 */
public record ProductChoice(Library layers, Library updates, Library gradients) {

    /** Sides of the matrices of adapters are at most as long. */
    static final int THIN = 64;

    /** Everything by oneDNN. */
    public static final ProductChoice ONEDNN = new ProductChoice(Library.ONEDNN, Library.ONEDNN, Library.ONEDNN);

    private static final List<String> KINDS = List.of("layers", "updates", "gradients");

    /** Who multiplies. */
    public enum Library {
        /** oneDNN. */
        ONEDNN("onednn"),
        /** The OpenBLAS that ND4J's CPU backend brings. */
        OPENBLAS("openblas");

        private final String word;

        Library(String word) {
            this.word = word;
        }

        private static Library of(String word) {
            return Stream.of(values())
                    .filter(library -> library.word.equals(word))
                    .findFirst()
                    .orElse(null);
        }
    }

    /**
     * Reads a choice.
     *
     * @param text as {@link #toString()} writes it: {@code layers=onednn,updates=openblas,gradients=openblas}, in any order
     * @return the choice
     * @throws IllegalArgumentException if a kind is missing, twice or unknown, or a library is unknown; all problems in one message
     */
    public static ProductChoice parse(String text) {
        Map<String, Library> found = new LinkedHashMap<>();
        List<String> problems = new ArrayList<>();
        for (String entry : text.split(",", -1)) {
            String[] sides = entry.trim().toLowerCase(Locale.ROOT).split("=", -1);
            Library library = sides.length == 2 ? Library.of(sides[1]) : null;
            if (library == null || !KINDS.contains(sides[0])) {
                problems.add("\"" + entry + "\" is not KIND=LIBRARY");
            } else if (found.put(sides[0], library) != null) {
                problems.add("\"" + sides[0] + "\" is there twice");
            }
        }
        KINDS.stream()
                .filter(kind -> !found.containsKey(kind))
                .forEach(kind -> problems.add("\"" + kind + "\" is missing"));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("ProductChoice: " + String.join("; ", problems)
                    + "; expected layers, updates and gradients, each onednn or openblas, such as \"" + ONEDNN + "\".");
        }
        return new ProductChoice(found.get("layers"), found.get("updates"), found.get("gradients"));
    }

    /** Who computes a term. */
    Library library(Term term) {
        MemoryLayout z = term.z().layout();
        long inner = term.x().layout().columns();
        Library chosen = z.isBatch() ? Library.ONEDNN : byKind(term, z, inner);
        // Asked last: it costs more than the rest, and nothing is left to OpenBLAS on most processors.
        return chosen == Library.OPENBLAS && !isSingle(term) ? Library.ONEDNN : chosen;
    }

    private Library byKind(Term term, MemoryLayout z, long inner) {
        if (term.overBatch()) {
            return z.rows() > THIN && z.columns() > THIN ? gradients : Library.ONEDNN;
        }
        return inner <= THIN && z.columns() > THIN && term.addend() != null ? updates : layers;
    }

    private static boolean isSingle(Term term) {
        return Stream.of(term.x(), term.w(), term.z())
                .allMatch(operand -> operand.form() == Form.F32
                        && operand.layout().step() <= Integer.MAX_VALUE
                        && operand.layout().rows() <= Integer.MAX_VALUE
                        && operand.layout().columns() <= Integer.MAX_VALUE);
    }

    /** For reports: nothing if oneDNN computes everything. */
    String words() {
        List<String> byOpenBlas = new ArrayList<>();
        byKind().forEach((kind, library) -> {
            if (library == Library.OPENBLAS) {
                byOpenBlas.add(kind);
            }
        });
        return byOpenBlas.isEmpty() ? "" : "; " + String.join(", ", byOpenBlas) + " by OpenBLAS";
    }

    Map<String, Library> byKind() {
        Map<String, Library> byKind = new LinkedHashMap<>();
        byKind.put("layers", layers);
        byKind.put("updates", updates);
        byKind.put("gradients", gradients);
        return byKind;
    }

    @Override
    public String toString() {
        List<String> entries = new ArrayList<>();
        byKind().forEach((kind, library) -> entries.add(kind + "=" + library.word));
        return String.join(",", entries);
    }
}
