/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class NullRequestTest {

    @Test
    void requestThatIsNull_failsAlone() {
        AdapterServer server = ServedGraph.server().build();
        ServingRequest base = new ServingRequest(
                AdapterServer.BASE, Map.of(ServedGraph.IDS, ServedGraph.ids(new SplittableRandom(1), 1, 3)));

        List<ServingResult> results = server.predict(Arrays.asList(base, null, base));

        assertThat(results.get(0)).isInstanceOf(ServingResult.Answer.class);
        assertThat(results.get(1))
                .isInstanceOfSatisfying(
                        ServingResult.Failure.class,
                        failure -> assertThat(failure.reason())
                                .isEqualTo("request 1 is null; expected a ServingRequest with an adapter's name and its"
                                        + " inputs."));
        assertThat(results.get(2).outputs()).isEqualTo(results.get(0).outputs());
    }
}
