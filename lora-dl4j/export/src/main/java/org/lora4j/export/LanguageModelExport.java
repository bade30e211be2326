/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.io.IOException;
import java.nio.file.Path;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmExporter;

/**
 * What {@code export} of a language model calls.
 *
 * @apiNote Status: experimental
 */
public final class LanguageModelExport implements CausalLmExporter {

    /** For the service loader. */
    public LanguageModelExport() {}

    @Override
    public void export(CausalLm model, Path directory) throws IOException {
        CausalLmExport.of(model).write(directory);
    }
}
