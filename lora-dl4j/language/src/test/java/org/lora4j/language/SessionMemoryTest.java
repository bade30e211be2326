/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.format.DType;
import org.lora4j.internal.language.decode.DecodeSession;
import org.lora4j.internal.language.decode.ModuleUpdates;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SessionMemoryTest {

    private static final int ROWS = 90;
    private static final int SEQUENCES = 7;
    private static final int CONTEXT = 48;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"F32, AS_STORED", "BF16, AS_STORED", "F16, AS_STORED", "F32, INT8", "F32, NF4"})
    void preparedSession_takesNoMoreForAnyRows_whateverAdaptersReplace(DType type, CausalLm.Storage storage)
            throws IOException {
        SmallCausalLm.write(folder, null, 128, 192, type);
        SplittableRandom random = new SplittableRandom(5);

        // With one thread a session itself has room for all pieces of work.
        try (CausalLm model = CausalLm.load(folder, storage);
                DecodeSession session = new DecodeSession(model.decoding(), new Updates(), 1)) {
            session.prepare(ROWS, SEQUENCES);
            long prepared = session.bytes();
            for (int step = 0; step < 120; step++) {
                int[] which = new int[1 + random.nextInt(SEQUENCES)];
                Arrays.setAll(which, i -> session.add(random.nextInt(4) - 1));
                int[][] ids = new int[which.length][];
                int left = ROWS;
                for (int i = 0; i < ids.length; i++) {
                    int most = Math.min(CONTEXT, left - (ids.length - 1 - i));
                    ids[i] = new int[1 + random.nextInt(random.nextBoolean() ? Math.min(4, most) : most)];
                    left -= ids[i].length;
                    session.reserve(which[i], ids[i].length);
                }
                session.feed(which, ids);
                long caches = Arrays.stream(ids)
                        .mapToLong(some -> session.bytesOf(some.length))
                        .sum();
                assertThat(session.bytes()).as("%s", Arrays.deepToString(ids)).isEqualTo(prepared + caches);
                Arrays.stream(which).forEach(session::remove);
            }
        }
    }

    /** Adapter 0 has other matrices, 1 a pair of a high rank, 2 both. */
    private static final class Updates implements ModuleUpdates {
        private final List<LowRank> pairs =
                List.of(new LowRank(Nd4j.rand(DataType.FLOAT, 700, 128), Nd4j.rand(DataType.FLOAT, 700, 128), 1e-4));

        @Override
        public List<LowRank> lowRank(int adapter, String module) {
            return adapter > 0 && module.endsWith("q_proj") ? pairs : List.of();
        }

        @Override
        public Optional<INDArray> replaced(int adapter, String tensor) {
            if (adapter == 1) {
                return Optional.empty();
            }
            return tensor.endsWith("o_proj.weight")
                    ? Optional.of(Nd4j.rand(DataType.FLOAT, 128, 128).muli(0.01))
                    : tensor.endsWith("down_proj.weight")
                            ? Optional.of(Nd4j.rand(DataType.FLOAT, 128, 192).muli(0.01))
                            : Optional.empty();
        }
    }
}
