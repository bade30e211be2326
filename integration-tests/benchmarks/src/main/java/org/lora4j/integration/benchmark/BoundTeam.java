/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.lora4j.integration.quickstart.MiniLm;

/** The products that every step of MiniLM with frozen linear layers has to compute, by three libraries. */
final class BoundTeam {

    static final String OPEN_BLAS = "bound.openBlas";
    static final String ONE_DNN = "bound.oneDnn";
    static final String ONE_DNN_PACKED = "bound.oneDnnPacked";
    static final String MKL = "boundMkl.products";

    /** Any of them may be the fastest. */
    static final List<String> ALL = List.of(OPEN_BLAS, ONE_DNN, ONE_DNN_PACKED, MKL);

    private static final int STEPS = 2;
    private static final long TOKENS = (long) MiniLmBatch.ROWS * MiniLmBatch.LENGTH;

    private BoundTeam() {}

    static List<Contender> contenders(Predicate<String> wanted) throws IOException {
        return contenders(wanted, LinearShape.of(MiniLm.weights().config()), UnaryOperator.identity());
    }

    /** Of other layers, under other names. */
    static List<Contender> contenders(Predicate<String> wanted, List<LinearShape> shapes, UnaryOperator<String> names) {
        List<Contender> contenders = new ArrayList<>();
        if (wanted.test(OPEN_BLAS)) {
            contenders.add(ofNd4j(names.apply(OPEN_BLAS), "OpenBLAS", shapes));
        }
        try {
            for (String key : List.of(ONE_DNN, ONE_DNN_PACKED)) {
                if (wanted.test(key)) {
                    contenders.add(oneDnn(names.apply(key), shapes, key.equals(ONE_DNN_PACKED)));
                }
            }
        } catch (LinkageError e) {
            // Its library is there for one system only; the other bound can be timed without it.
            System.out.printf(Locale.ROOT, "oneDNN takes no part: %s%n", e);
        }
        return contenders;
    }

    /** In a process that was told to have MKL in place of OpenBLAS. */
    static List<Contender> ofMkl(Predicate<String> wanted) throws IOException {
        if (!wanted.test(MKL)) {
            return List.of();
        }
        Contender contender = ofNd4j(MKL, "MKL", LinearShape.of(MiniLm.weights().config()));
        Team.requireMkl();
        return List.of(contender);
    }

    private static Contender ofNd4j(String key, String library, List<LinearShape> shapes) {
        LinearProducts products = new LinearProducts(shapes, TOKENS);
        String label = String.format(Locale.ROOT, "bound: %.1f GFLOP, %s", products.operations() / 1e9, library);
        return Contender.timed(key, label, STEPS, products::run);
    }

    private static Contender oneDnn(String key, List<LinearShape> shapes, boolean packed) {
        OneDnnProducts products = new OneDnnProducts(shapes, TOKENS, packed);
        String label = "bound: oneDNN, " + (packed ? "packed" : "plain") + " weights (" + products.kernel() + ")";
        return Contender.timed(key, label, STEPS, products::run);
    }
}
