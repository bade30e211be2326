/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.Sha256;

/**
 * Whether tensors that were written are what they should be, told without a second copy of them: while a tensor is written, its rows answer
 * a vector from a fixed seed, and its bytes are hashed; read back, the bytes have to have the same hash, and the rows that are made of
 * them have to give the same answer, within the rounding that was measured when they were written.
 *
 * <p><b>Memory.</b> A number for each row. <b>Threads.</b> For one.
 *
 * @apiNote Status: internal
 */
public final class RowProbe {

    private static final long SEED = 20261201;

    /** What the sum of a row in another order may differ by, relative to the sum of its magnitudes. */
    private static final double ROUNDING = 1e-9;

    private final Map<String, Answers> written = new TreeMap<>();

    /** What a tensor answered. */
    private static final class Answers {
        private final double[] vector;
        private final double magnitude;
        private final List<Double> rows = new ArrayList<>();
        private final MessageDigest bytes = Sha256.begin();
        private double error;

        private Answers(int length) {
            SplittableRandom random = new SplittableRandom(SEED);
            vector = random.doubles(length, -1, 1).toArray();
            magnitude = Arrays.stream(vector).map(Math::abs).sum();
        }

        private double answer(float[] row) {
            double sum = 0;
            for (int i = 0; i < vector.length; i++) {
                sum += vector[i] * row[i];
            }
            return sum;
        }
    }

    /** A tensor that is being written, or read back. */
    public static final class Tensor {
        private final Answers answers;

        private Tensor(Answers answers) {
            this.answers = answers;
        }

        /**
         * Takes the next row.
         *
         * @param row its numbers, before they are rounded, or as they were read
         */
        public void row(float[] row) {
            answers.rows.add(answers.answer(row));
        }

        /**
         * Takes the bytes of the next row.
         *
         * @param piece its bytes, from position to limit, which stay as they are
         */
        public void bytes(ByteBuffer piece) {
            answers.bytes.update(piece.duplicate());
        }

        /**
         * Takes note of rounding.
         *
         * @param error the largest difference between a number and what is read in its place
         */
        public void error(double error) {
            answers.error = Math.max(answers.error, error);
        }
    }

    /**
     * Begins a tensor that is written.
     *
     * @param length numbers of a row
     */
    public Tensor begin(String name, int length) {
        Answers answers = new Answers(length);
        written.put(name, answers);
        return new Tensor(answers);
    }

    /** What was read back. */
    public final class Collected {
        private final Map<String, Answers> read = new TreeMap<>();

        /**
         * Begins a tensor that is read back.
         *
         * @param name one that was written
         */
        public Tensor begin(String name) {
            Answers answers = new Answers(written.get(name).vector.length);
            read.put(name, answers);
            return new Tensor(answers);
        }

        /**
         * Compares everything that was written with what was read.
         *
         * @param where the call, for messages
         * @throws IOException if a tensor is missing, or is not what was written
         */
        public void requireSame(String where) throws IOException {
            List<String> others = new ArrayList<>();
            written.forEach((name, before) -> {
                if (!read.containsKey(name) || !agree(before, read.get(name))) {
                    others.add(name);
                }
            });
            if (!others.isEmpty()) {
                throw new IOException(where + ": what was written of " + Problems.quoted(others)
                        + " is not what was meant; expected the same within rounding. Nothing was written. Check the disk and"
                        + " the memory of this machine, and export again.");
            }
        }
    }

    /** Begins to read back. */
    public Collected collect() {
        return new Collected();
    }

    private static boolean agree(Answers before, Answers now) {
        if (before.rows.size() != now.rows.size()
                || !MessageDigest.isEqual(before.bytes.digest(), now.bytes.digest())) {
            return false;
        }
        double most = before.magnitude * before.error * (1 + ROUNDING);
        for (int i = 0; i < before.rows.size(); i++) {
            double answer = before.rows.get(i);
            double allowed = most + ROUNDING * Math.abs(answer);
            if (!(Math.abs(answer - now.rows.get(i)) <= allowed)) {
                return false;
            }
        }
        return true;
    }
}
