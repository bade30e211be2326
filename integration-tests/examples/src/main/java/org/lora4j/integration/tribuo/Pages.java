/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.tribuo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.lora4j.integration.demonstration.Evidence;
import org.lora4j.report.TrainingReport;
import org.lora4j.tribuo.LoraModel;

/**
 * Pages on the models of the first draws, to be looked at.
 *
 * @param folder where they are written
 * @param out is told where each is
 */
record Pages(Path folder, Consumer<String> out) {

    /** Saves the adapter of a model, and shows its receipt. That there is a model says that its preflight refused nothing. */
    void receipt(String name, LoraModel<?> model) {
        Path adapter = folder.resolve(name + "-adapter");
        try {
            out.accept("preflight: LoraTrainer refused nothing");
            model.exportAdapter(adapter);
            Evidence.receipt(out, adapter);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void write(String name, TrainingReport report) {
        try {
            out.accept("report: " + report.withTitle(name).overwrite(folder.resolve(name + ".html")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
