/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.tribuo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.integration.datasets.SharedFiles;
import org.lora4j.integration.datasets.WineQuality;

/** The regression of the example, shrunken; the task itself fails if the white network changed. */
@Tag("thorough")
class WineTaskTest {

    @Test
    void run_onOneDraw_adaptsTheWhiteNetworkToRedWine() throws Exception {
        WineQuality wine = new WineQuality(SharedFiles.folder("wine-quality"));

        List<String> pages = new ArrayList<>();
        List<Figure> figures =
                new WineTask(wine, 5, 40, line -> {}, (name, report) -> pages.add(report.text())).run(1, 1);

        Figure before = figures.get(0);
        Figure adapted = figures.get(1);
        Figure alone = figures.get(2);
        assertThat(adapted.mean()).isGreaterThan(before.mean());
        assertThat(pages).singleElement().asString().contains("R2", "Loss of each step");
        assertThat(10 * adapted.learned()).isLessThan(alone.learned());
    }
}
