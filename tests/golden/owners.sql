-- The names of the cluster that mesh.c makes: the gateway had the address of reviews before reviews had it, and one name is
-- hostile.
INSERT INTO snapshot VALUES (1, 'cluster', '0', 1700000000000000000, 'vxlan', NULL, 0);
INSERT INTO owner VALUES
    (x'00000000000000000000ffff0af4010a', 'pod', 'default', 'productpage-v1', 'productpage', 'productpage-v1', 'node1', NULL, NULL),
    (x'00000000000000000000ffff0af4010b', 'pod', 'default', 'details-v1', 'de<b>"t'';--' || char(9) || 'ails', NULL, 'node1', NULL, NULL),
    (x'00000000000000000000ffff0af4010c', 'pod', 'istio-system', 'gateway-1', 'gateway', 'gateway', 'node1', NULL, NULL),
    (x'00000000000000000000ffff0af40214', 'pod', 'default', 'reviews-v1', 'reviews', 'reviews-v1', 'node2', 1600000000000000000, NULL),
    (x'00000000000000000000ffff0af40214', 'pod', 'istio-system', 'gateway-0', 'gateway', 'gateway', 'node2', NULL, 1600000000000000000),
    (x'00000000000000000000ffff0a600002', 'service', 'default', 'reviews', 'reviews', NULL, NULL, NULL, NULL);
