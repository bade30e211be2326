/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.lora4j.error.MessageText;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.TextEncoder;
import picocli.CommandLine.Model.CommandSpec;

/** What turns texts into vectors: an encoder as it is, or one that learned retrieval. */
interface Vectors extends AutoCloseable {

    /** For what a vector is: encoders may put another prefix before each. */
    enum Role {
        TEXT,
        QUERY,
        PASSAGE;

        static Role of(String name) {
            for (Role role : values()) {
                if (role.name().toLowerCase(Locale.ROOT).equals(name)) {
                    return role;
                }
            }
            throw CliException.usage("--role " + MessageText.name(name) + ": expected text, query or passage");
        }
    }

    float[][] of(Role role, List<String> texts);

    @Override
    void close();

    static void describe(CommandSpec spec) {
        spec.addPositional(
                CliCommand.argument(0, "MODEL", "a model that learned retrieval, or any encoder as for --base"));
    }

    static Vectors of(Call call, CliSettings settings) throws IOException {
        String name = call.argument(0);
        Path path = CliSettings.path(name, "MODEL");
        if (Files.isDirectory(path) && TrainedModel.is(path)) {
            if (TrainedModel.open(path, settings, call) instanceof RetrievalLearner learned) {
                return of(learned.task(), learned);
            }
            throw CliException.usage(
                    name + " did not learn retrieval, so its vectors are those of its base; name that");
        }
        Bases.Base base = Bases.find(name, call.environment());
        TextEncoder encoder = base.encoder();
        SentenceEncoder frozen = SentenceEncoder.builder(encoder).build();
        return of(frozen, () -> {
            frozen.close();
            encoder.close();
        });
    }

    private static Vectors of(SentenceEncoder encoder, AutoCloseable owner) {
        return new Vectors() {
            @Override
            public float[][] of(Role role, List<String> texts) {
                return switch (role) {
                    case TEXT -> encoder.predict(texts);
                    case QUERY -> encoder.queries(texts);
                    case PASSAGE -> encoder.passages(texts);
                };
            }

            @Override
            public void close() {
                try {
                    owner.close();
                } catch (RuntimeException e) {
                    throw e;
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }
        };
    }

    /** The cosine of two vectors; 0 if one has no length. */
    static double cosine(float[] a, float[] b) {
        double product = 0;
        double ofA = 0;
        double ofB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            ofA += (double) a[i] * a[i];
            ofB += (double) b[i] * b[i];
        }
        return ofA == 0 || ofB == 0 ? 0 : product / Math.sqrt(ofA * ofB);
    }
}
