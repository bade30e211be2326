/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.io.IOException;
import java.nio.file.Path;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.Pooling;
import org.lora4j.text.TaskExporter;

/**
 * What {@code export} of a text task calls. A head over the pooler, or with the hidden layer of its checkpoint, is a class of Transformers, one
 * over another vector a {@code Dense} of sentence-transformers.
 *
 * @apiNote Status: experimental
 */
public final class TextTaskExport implements TaskExporter {

    private static final String SEQUENCES = "ForSequenceClassification";

    /** For the service loader. */
    public TextTaskExport() {}

    /** Whether the vector and the parameters of the head are those that the family's class has. */
    private static boolean hasHeadOfTheClass(Task task) {
        EncoderConfig config = task.encoder().weights().config();
        Pooling pooling = task.encoder().pooling();
        boolean takesTheSame = config.headPooling(SEQUENCES)
                .filter(taken -> taken.equals(Pooling.POOLER)
                        ? pooling.equals(taken)
                        : taken.modes().equals(pooling.modes()))
                .isPresent();
        return takesTheSame
                && config.headParameters(SEQUENCES)
                        .filter(task.weights().names()::containsAll)
                        .isPresent();
    }

    @Override
    public void export(Task task, Path directory) throws IOException {
        HuggingFaceExport export = HuggingFaceExport.of(task.encoder()).weights(task.weights());
        boolean transformers = hasHeadOfTheClass(task);
        switch (task.head()) {
            case NONE -> {}
            case TAGS -> export.tokenClassifier(task.names());
            case ONE_CLASS, SEVERAL_CLASSES, NUMBER -> {
                if (transformers) {
                    export.sequenceClassifier(task.names());
                } else {
                    export.sentenceClassifier(task.names());
                }
            }
        }
        if (task.head() == Head.SEVERAL_CLASSES) {
            export.severalLabels();
        }
        if (task.head() == Head.NUMBER) {
            export.numbers();
        }
        task.activation().ifPresent(export::activation);
        export.write(directory);
    }
}
