"""Inputs of other providers' machines, each as large as the example's VPS."""

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6APDOl8jlIz+nxvyQA1B6kIefNZB++7G+oZ3fgav+l ada"
NAME = "demo-c-q7m2-v-h3k9"

VM = {
    "name": NAME,
    "nodeName": "lab1",
    "cpu": {"cores": 2.0, "sockets": 1.0, "limit": 1.5},
    "memory": {"dedicated": 2048.0},
    "disks": [
        {
            "interface": "scsi0",
            "size": 10.0,
            "speed": {"iopsRead": 500.0, "iopsWrite": 500.0, "read": 50.0, "write": 50.0},
        }
    ],
    "networkDevices": [{"bridge": "vmbr0", "rateLimit": 12.5, "firewall": True}],
    "initialization": {
        "ipConfigs": [{"ipv4": {"address": "192.0.2.10/24", "gateway": "192.0.2.1"}, "ipv6": {"address": "auto"}}],
        "userAccount": {"username": "ada", "keys": [KEY]},
    },
}

DOMAIN = {
    "name": NAME,
    "vcpu": 2.0,
    "memory": 2048.0,
    "memoryUnit": "MiB",
    "cpuTune": {"globalPeriod": 100000.0, "globalQuota": 150000.0},
    "devices": {
        "disks": [{"ioTune": {"totalIopsSec": 1000.0, "totalBytesSec": 104857600.0}}],
        "interfaces": [
            {
                "bandwidth": {"inbound": {"average": 12500.0}, "outbound": {"average": 12500.0}},
                "filterRef": {"filter": "clean-traffic"},
            }
        ],
    },
}

OLD_DOMAIN = {
    "name": NAME,
    "vcpu": 2.0,
    "memory": 2048.0,
    "disks": [{"volumeId": "/pool/web1.qcow2"}],
    "networkInterfaces": [{"networkName": "public1", "addresses": ["192.0.2.10"]}],
    "cloudinit": "/pool/seed.iso",
}
