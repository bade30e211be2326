/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.List;
import org.junit.jupiter.api.Tag;

/** Every method in every way in which a graph spells a module. */
@Tag("thorough")
class MethodsInAllFormsTest extends MethodsInGraphsTest {

    @Override
    protected List<String> networks() {
        return FormCase.all().stream().map(form -> form.name).toList();
    }
}
